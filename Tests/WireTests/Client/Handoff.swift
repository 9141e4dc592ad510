/// One value that one task sets and others wait for.
final class Handoff<Value: Sendable>: Sendable {
  private let values: AsyncStream<Value>
  private let continuation: AsyncStream<Value>.Continuation

  init() { (values, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

  /// Waited for by one task, once.
  var value: Value {
    get async {
      for await value in values { return value }
      preconditionFailure("the stream is never finished")
    }
  }

  func set(_ value: Value) { continuation.yield(value) }
}
