public import Neural

/// Another teacher, and how many rows each of its versions has answered.
public final class CountedTeacher: TeacherPolicy {
  public let teacher: any TeacherPolicy
  /// Rows of collected answers, by version.
  public private(set) var rows: [UInt64: Int] = [:]
  /// Rows on their way, by slot.
  private var submitted: [Int] = []

  public init(_ teacher: any TeacherPolicy) { self.teacher = teacher }

  public var observationWidth: Int { teacher.observationWidth }
  public var head: Head { teacher.head }

  public func submit(slot: Int, observations: UnsafePointer<Float>, rows: Int) throws {
    try teacher.submit(slot: slot, observations: observations, rows: rows)
    while submitted.count <= slot { submitted.append(0) }
    submitted[slot] = rows
  }

  public func collect(
    slot: Int, outputs: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>
  ) throws -> UInt64 {
    let version = try teacher.collect(slot: slot, outputs: outputs, values: values)
    rows[version, default: 0] += submitted[slot]
    return version
  }
}
