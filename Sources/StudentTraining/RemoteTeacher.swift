public import Learning
public import Neural
import Wire

/// A served model as a teacher: a query for each slot, all in flight at once on one connection. For one thread.
public final class RemoteTeacher: TeacherPolicy {
  public let model: ServedModel
  /// By slot, made when a slot is first used.
  private var queries: [PolicyQuery] = []

  public init(_ model: ServedModel) { self.model = model }

  public var observationWidth: Int { model.observationWidth }
  public var head: Head { model.head }

  public func submit(slot: Int, observations: UnsafePointer<Float>, rows: Int) throws {
    while queries.count <= slot { queries.append(model.makeQuery()) }
    try queries[slot].submit(observations, rows: rows)
  }

  public func collect(
    slot: Int, outputs: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>
  ) throws -> UInt64 {
    try queries[slot].wait(outputs: outputs, values: values)
  }
}
