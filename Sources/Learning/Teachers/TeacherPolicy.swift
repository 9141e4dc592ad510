public import Neural

/// What a student may ask of a teacher.
///
/// A query is on its way in a slot, and many slots can be at once: their numbers are the learner's, from 0. Each slot is
/// submitted, then collected, in turns. One thread at a time.
public protocol TeacherPolicy: AnyObject {
  var observationWidth: Int { get }
  /// What an output means.
  var head: Head { get }
  /// Floats in a row of outputs: `head.parameterWidth`.
  var parameterWidth: Int { get }

  /// Asks for rows x observationWidth raw observations. Copies them and returns at once. `slot` must not be on its way.
  func submit(slot: Int, observations: UnsafePointer<Float>, rows: Int) throws

  /// Waits for the slot's answer: outputs rows x parameterWidth, values rows (zeros where the teacher has none).
  /// Returns the version that answered.
  func collect(
    slot: Int, outputs: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>
  ) throws -> UInt64
}

extension TeacherPolicy {
  public var parameterWidth: Int { head.parameterWidth }
}
