public import Neural

/// A teacher in this process: it answers when it is asked, on the caller's thread, with the numbers that a service
/// would send.
public final class InProcessTeacher: TeacherPolicy {
  private struct Slot {
    var rows = 0
    var submitted = false
    var outputs = Memory<Float>(0)
    var values = Memory<Float>(0)
  }

  public let policy: InferencePolicy
  /// What `collect` returns.
  public let version: UInt64
  private let workspace = Workspace()
  private var slots: [Slot] = []

  public init(_ policy: InferencePolicy, version: UInt64 = 0) {
    self.policy = policy
    self.version = version
  }

  public convenience init(_ policy: Policy, version: UInt64 = 0) {
    self.init(InferencePolicy(policy), version: version)
  }

  public var observationWidth: Int { policy.policy.architecture.observationWidth }
  public var head: Head { policy.policy.architecture.head }

  public func submit(slot: Int, observations: UnsafePointer<Float>, rows: Int) {
    while slots.count <= slot { slots.append(Slot()) }
    precondition(!slots[slot].submitted, "slot \(slot) is on its way")
    if slots[slot].values.count < rows {
      slots[slot].outputs = Memory(rows * parameterWidth)
      slots[slot].values = Memory(rows)
    }
    slots[slot].rows = rows
    slots[slot].submitted = true
    policy.forward(
      observations, rows: rows, outputs: slots[slot].outputs.pointer, values: slots[slot].values.pointer,
      workspace: workspace)
  }

  public func collect(
    slot: Int, outputs: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>
  ) -> UInt64 {
    precondition(slot < slots.count && slots[slot].submitted, "slot \(slot) was not submitted")
    slots[slot].submitted = false
    let rows = slots[slot].rows
    outputs.update(from: slots[slot].outputs.pointer, count: rows * parameterWidth)
    values.update(from: slots[slot].values.pointer, count: rows)
    return version
  }
}
