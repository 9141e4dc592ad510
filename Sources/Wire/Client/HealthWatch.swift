/// The health of a model, or of the whole service, from now on: what it is, and what it becomes at every change.
///
/// It goes on over lost connections, until its iteration ends or its task is cancelled, and says nothing while there is
/// none; each iteration is a watch of its own. It ends with a ``WireStatus`` only where the server refuses it, or the
/// client is closed. A reader that is slower than the changes misses the oldest of more than 64.
public struct HealthWatch: AsyncSequence, Sendable {
  public typealias Element = V1.Serving

  let client: TeacherClient
  let model: String

  public func makeAsyncIterator() -> Iterator {
    Iterator(
      parts: LastingCall(
        .health(V1.HealthRequest(model: model, watch: true)), "a watch of health", unreadMax: 64, client
      ) {
        if case .healthReply(let reply) = $0 { reply.serving } else { nil }
      })
  }

  public struct Iterator: AsyncIteratorProtocol {
    private var parts: LastingCall<V1.Serving>
    private var last: V1.Serving?

    fileprivate init(parts: LastingCall<V1.Serving>) {
      self.parts = parts
    }

    public mutating func next() async throws(WireStatus) -> V1.Serving? {
      try await next(isolation: nil)
    }

    public mutating func next(isolation actor: isolated (any Actor)?) async throws(WireStatus) -> V1.Serving? {
      while true {
        let serving = try await parts.next(actor)
        guard serving != last else { continue }
        last = serving
        return serving
      }
    }
  }
}
