import Crypto
import GRDB
import Synchronization

/// An artefact that is arriving in pieces. Its bytes go to the registry in rows of 1 MiB as they come, where nobody
/// sees them; `commit` makes a version of them in one short transaction.
///
/// Get one from `ModelRegistry.begin`. End it by `commit` or `abort`; a stage that is merely dropped, or whose process
/// dies, is cleaned up by the next stage or by the next process that opens the registry.
public final class ArtefactStage: Sendable {
  public let sha256: ContentHash
  public let bytes: Int

  let registry: ModelRegistry

  private struct State {
    /// The row in `artefacts`; made when the first whole chunk is written.
    var artefactID: Int64?
    var hasher = SHA256()
    var received = 0
    /// Received and not yet written: less than a chunk.
    var pending: [UInt8] = []
    var chunksWritten: Int64 = 0
    var isOver = false
  }

  /// A stage is filled by one caller; the lock is for misuse, and is held while the disk is written.
  private let state = Mutex(State())

  init(registry: ModelRegistry, bytes: Int, sha256: ContentHash) {
    self.registry = registry
    self.bytes = bytes
    self.sha256 = sha256
  }

  deinit {
    if let id = state.withLock({ $0.isOver ? nil : $0.artefactID }) {
      registry.abandoned.withLock { $0.append(id) }
    }
  }

  /// How many bytes have been appended.
  public var received: Int { state.withLock { $0.received } }

  /// Takes the next bytes. `offset` is where they belong: it must be `received`, so that a lost or repeated piece is
  /// noticed. After an error the stage is over, and nothing of it is kept.
  public func append(offset: Int, _ data: some Sequence<UInt8>) throws {
    try endingOnError { state in
      guard offset == state.received else {
        throw RegistryError(
          .invalid, "the artefact's next bytes were given for offset \(offset), expected offset \(state.received)")
      }
      let before = state.pending.count
      state.pending.append(contentsOf: data)
      state.received += state.pending.count - before
      guard state.received <= bytes else {
        throw RegistryError(.invalid, "the artefact has at least \(state.received) bytes, announced were \(bytes)")
      }
      state.pending[before...].withUnsafeBytes { state.hasher.update(bufferPointer: $0) }
      try writeWholeChunks(&state)
    }
  }

  /// Makes a version of the bytes. On return it is durable and visible; after an error nothing of it is there.
  ///
  /// - Throws: `invalid` when bytes are missing or their SHA-256 is not the announced one; `conflict` when the request
  ///   id was used for something else.
  public func commit(_ version: NewVersion, who: String) throws -> VersionRecord {
    try endingOnError { state in
      try requireComplete(state)
      let staged = StagedArtefact(
        sha256: sha256, bytes: bytes, id: state.artefactID, rest: state.pending, restPosition: state.chunksWritten)
      let record = try registry.promote(staged, to: version, who: who)
      state.isOver = true
      return record
    }
  }

  /// Checks that all bytes are there and have the announced SHA-256, as `commit` does: for a caller that looks at the
  /// content in between.
  public func requireComplete() throws {
    try endingOnError { state in try requireComplete(state) }
  }

  private func requireComplete(_ state: State) throws {
    guard state.received == bytes else {
      throw RegistryError(.invalid, "the artefact ended after \(state.received) bytes, announced were \(bytes)")
    }
    let actual = ContentHash(state.hasher.finalize())
    guard actual == sha256 else {
      throw RegistryError(.invalid, "the artefact's SHA-256 is \(actual), announced was \(sha256)")
    }
  }

  /// Gives the artefact up. Does nothing after `commit`.
  public func abort() {
    state.withLock { end(&$0) }
  }

  private func endingOnError<Result>(_ body: (inout State) throws -> Result) throws -> Result {
    try state.withLock { state in
      guard !state.isOver else {
        throw RegistryError(.conflict, "the stage of this artefact is over; begin another one")
      }
      do {
        return try body(&state)
      } catch {
        end(&state)
        throw error
      }
    }
  }

  private func end(_ state: inout State) {
    guard !state.isOver else { return }
    state.isOver = true
    state.pending = []
    guard let id = state.artefactID else { return }
    do {
      try registry.removeStaged([id])
    } catch {
      registry.abandoned.withLock { $0.append(id) }
    }
  }

  /// One transaction a chunk: other processes get in between.
  private func writeWholeChunks(_ state: inout State) throws {
    let size = ModelRegistry.chunkBytes
    var start = 0
    while state.pending.count - start >= size {
      let chunk = Array(state.pending[start..<start + size])
      let (id, position) = (state.artefactID, state.chunksWritten)
      state.artefactID = try registry.writeStaged(chunk, position: position, of: id, sha256: sha256, bytes: bytes)
      state.chunksWritten += 1
      start += size
    }
    if start > 0 { state.pending.removeFirst(start) }
  }
}

/// What a stage hands over to be promoted.
struct StagedArtefact {
  var sha256: ContentHash
  var bytes: Int
  /// nil: everything is in `rest`.
  var id: Int64?
  /// The last chunk, not yet written.
  var rest: [UInt8]
  var restPosition: Int64
}
