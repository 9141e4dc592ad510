import NIOCore
import Wire

/// One version's queue on one event loop.
///
/// A small network answers at the end of each turn. A large one is computed elsewhere while the next batch fills.
final class Lane {
  let version: LoadedVersion
  let number: UInt64
  let rowBytes: Int
  let runsOnLoop: Bool
  /// It is in its loop's list of lanes with something to do.
  var isListed = false
  private(set) var filling: Batch
  /// With the compute thread.
  private(set) var running: Batch?
  private var spare: Batch?

  init(_ version: LoadedVersion, runsOnLoop: Bool) {
    self.version = version
    number = version.number
    rowBytes = version.observationWidth * MemoryLayout<Float>.stride
    self.runsOnLoop = runsOnLoop
    filling = Batch(version)
  }

  /// Rows that are not answered yet.
  var queuedRows: Int { filling.rows + (running?.rows ?? 0) }

  /// Computes and answers what has come.
  func runHere() {
    filling.dropExpired()
    guard !filling.isEmpty else { return }
    filling.compute()
    filling.reply()
  }

  /// The next batch for the compute thread, where it is idle and something has come.
  func takeNext() -> Batch? {
    guard running == nil else { return nil }
    filling.dropExpired()
    guard !filling.isEmpty else { return nil }
    let batch = filling
    running = batch
    filling = spare ?? Batch(version)
    spare = nil
    return batch
  }

  /// The compute thread is done with the running batch.
  func finishRunning() {
    guard let batch = running else { return }
    running = nil
    batch.reply()
    spare = batch
  }

  func cancel(call: UInt32, of connection: ServerConnection<TeacherLoop>) -> Bool {
    let status = WireStatus(.cancelled, "the client gave up its query")
    return filling.cancel(call: call, of: connection, status: status)
      || running?.cancelRunning(call: call, of: connection, status: status) ?? false
  }
}
