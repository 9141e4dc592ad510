import Logging
import Registry

/// Keeps a gate's tokens what the registry says.
///
/// A registry that cannot be read for a while, as while another process keeps it locked, leaves them as they were. One
/// whose file is not at its path any more grants nothing: revocations would be written elsewhere.
struct TokenWatch {
  /// How often the registry is asked whether tokens were made or revoked: some microseconds each time.
  static let interval = Duration.milliseconds(20)

  private let source: TokenSource
  private let gate: TokenGate
  private let logger: Logger
  /// What the gate has; nil: nothing.
  private var seen: TokenSource.State?
  /// Why the last look failed; nil where it did not.
  private var failure: String?

  init(_ source: TokenSource, _ gate: TokenGate, seen: TokenSource.State, logger: Logger) {
    self.source = source
    self.gate = gate
    self.seen = seen
    self.logger = logger
  }

  /// Looks at the registry once. What fails is logged when it begins, and when it fails in another way.
  ///
  /// - Returns: whether the gate's tokens may have changed.
  mutating func look() async -> Bool {
    do {
      let reading = try await source.reading(since: seen)
      if failure != nil { logger.notice("the registry's tokens are read again", metadata: ["path": "\(source.path)"]) }
      failure = nil
      guard let reading else { return false }
      if let seen, seen.file != reading.state.file {
        logger.error(
          """
          another file has taken the registry's place: its tokens are valid from now on, and models are still those of \
          the file that was there; start the service again
          """, metadata: ["path": "\(source.path)"])
      }
      gate.adopt(reading.tokens)
      seen = reading.state
      return true
    } catch {
      return failed(error)
    }
  }

  private mutating func failed(_ error: any Error) -> Bool {
    let text = "\(error)"
    let isNew = text != failure
    failure = text
    guard error is TokenSource.FileReplaced else {
      if isNew { logger.error("the registry cannot be read, and its tokens stay as they were: \(text)") }
      return false
    }
    if isNew {
      logger.error(
        "the registry's file is gone from its path, and no token is valid until one can be read there: \(text)")
    }
    guard seen != nil else { return false }
    gate.adopt([])
    seen = nil
    return true
  }
}
