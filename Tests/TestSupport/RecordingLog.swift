public import Logging
import Synchronization

/// Keeps what is logged.
public final class RecordingLog: Sendable {
  public struct Line: Sendable {
    public var level: Logger.Level
    public var message: String
    public var metadata: [String: String]

    /// All that a reader of the log sees of it.
    public var text: String {
      ([message] + metadata.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }).joined(separator: " ")
    }
  }

  private let state = Mutex<[Line]>([])

  public init() {}

  public var all: [Line] { state.withLock { $0 } }
  /// The messages alone.
  public var lines: [String] { all.map(\.message) }

  /// Logs everything, whatever its level.
  public var logger: Logger {
    var logger = Logger(label: "test") { _ in Handler(log: self) }
    logger.logLevel = .trace
    return logger
  }

  private struct Handler: LogHandler {
    let log: RecordingLog
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let metadata = (event.metadata ?? [:]).mapValues { "\($0)" }
      log.state.withLock { $0.append(Line(level: event.level, message: "\(event.message)", metadata: metadata)) }
    }
  }
}
