import Environments
import Neural
import Testing

@testable import StudentTraining

@Suite("Whether a teacher is one for an environment")
struct TeacherFitTests {
  static let bounds: [Float] = [1, 1]
  static let box = ActionSpace.box(low: [-1, -1], high: bounds)

  private func check(
    _ environment: String, _ width: Int, _ head: Head, _ space: ActionSpace
  ) throws(StudentError) {
    let spec = EnvironmentSpec(
      id: "Here-v1", observationLow: [0, 0, 0], observationHigh: [1, 1, 1], actionSpace: space, stepLimit: 10,
      rewardThreshold: nil)
    try TeacherFit.require(
      teacher: "host:1/t", environment: environment, observationWidth: width, head: head, for: spec)
  }

  @Test("Heads of the space's kind and width fit")
  func fits() throws {
    try check("Here-v1", 3, .categorical(actions: 4), .discrete(4))
    try check("Here-v1", 3, .qValues(actions: 4), .discrete(4))
    try check("Here-v1", 3, .gaussian(dimensions: 2, low: [-1, -1], high: Self.bounds), Self.box)
  }

  @Test(
    "A misfit says what it has and what is expected",
    arguments: [
      (
        "Here-v1", 4, Head.categorical(actions: 2), ActionSpace.discrete(2),
        "takes observations of 4 numbers, expected 3"
      ),
      ("Here-v1", 3, .categorical(actions: 3), .discrete(2), "chooses among 3 actions, expected 2"),
      ("Here-v1", 3, .qValues(actions: 3), .discrete(2), "chooses among 3 actions, expected 2"),
      ("Here-v1", 3, .gaussian(dimensions: 1, low: [0], high: [1]), box, "gives actions of 1 dimensions, expected 2"),
      (
        "Here-v1", 3, .gaussian(dimensions: 2, low: [0, 0], high: bounds), .discrete(2),
        """
        gives continuous actions of 2 dimensions, expected 2 discrete ones
        """
      ),
      (
        "Here-v1", 3, .categorical(actions: 3), box,
        "chooses among 3 discrete actions, expected continuous ones of 2 dimensions"
      ),
      ("There-v1", 3, .categorical(actions: 2), .discrete(2), "was made for There-v1, expected Here-v1"),
    ])
  func misfits(environment: String, width: Int, head: Head, space: ActionSpace, message: String) {
    let expected = StudentError(.misfit, "teacher host:1/t does not fit Here-v1: it \(message)")
    #expect(throws: expected) { try check(environment, width, head, space) }
  }
}
