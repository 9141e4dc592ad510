/// What happens to a model, or to all of them, from now on: versions, aliases and rollouts, first as they stand, then at
/// each change.
///
/// It goes on over lost connections, until its iteration ends or its task is cancelled, and says nothing while there is
/// none; on another connection it begins again with what stands, which is how a reader learns of what it missed. Each
/// iteration is a watch of its own. It ends with a ``WireStatus`` only where the server refuses it, or the client is
/// closed. A reader that is slower than the changes misses the oldest of more than 4096.
public struct ModelWatch: AsyncSequence, Sendable {
  public typealias Element = V1.WatchEvent

  let client: TeacherClient
  let model: String

  public func makeAsyncIterator() -> Iterator {
    Iterator(
      parts: LastingCall(.watch(V1.WatchRequest(model: model)), "a watch of models", unreadMax: 4096, client) {
        if case .watchEvent(let event) = $0 { event } else { nil }
      })
  }

  public struct Iterator: AsyncIteratorProtocol {
    private var parts: LastingCall<V1.WatchEvent>

    fileprivate init(parts: LastingCall<V1.WatchEvent>) {
      self.parts = parts
    }

    public mutating func next() async throws(WireStatus) -> V1.WatchEvent? {
      try await next(isolation: nil)
    }

    public mutating func next(isolation actor: isolated (any Actor)?) async throws(WireStatus) -> V1.WatchEvent? {
      try await parts.next(actor)
    }
  }
}
