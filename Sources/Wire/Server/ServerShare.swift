import Synchronization

/// What all event loops of a server have together: who may enter, and how much there is.
public final class ServerShare: Sendable {
  public let gate: any Gatekeeper
  private let connectionsMax: Int
  private let publishedBytesMax: Int
  private let connections = Atomic<Int>(0)
  private let publishedBytes = Atomic<Int>(0)

  public init(settings: ServerSettings, gate: any Gatekeeper = OpenGate()) {
    connectionsMax = settings.connectionsMax
    publishedBytesMax = settings.publishedBytesMax
    self.gate = gate
  }

  /// Counts a connection in, or says why it has no place.
  func enter() -> WireStatus? {
    guard connections.wrappingAdd(1, ordering: .relaxed).newValue > connectionsMax else { return nil }
    leave()
    return WireStatus(
      .resourceExhausted, "\(connectionsMax) connections are open, expected fewer",
      retryAfterMicroseconds: 1_000_000)
  }

  func leave() { connections.wrappingSubtract(1, ordering: .relaxed) }

  /// Memory for a piece of an artefact, or why there is none.
  func reserve(publishedBytes bytes: Int) -> WireStatus? {
    guard publishedBytes.wrappingAdd(bytes, ordering: .relaxed).newValue > publishedBytesMax else { return nil }
    release(publishedBytes: bytes)
    return WireStatus(
      .resourceExhausted, "other publishes under way hold the \(publishedBytesMax) bytes that they may hold together",
      retryAfterMicroseconds: 1_000_000)
  }

  func release(publishedBytes bytes: Int) { publishedBytes.wrappingSubtract(bytes, ordering: .relaxed) }
}
