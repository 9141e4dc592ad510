import Environments
import Neural
import Testing

@testable import Learning

@Suite("On-policy distillation") struct DistillationTests {
  private func small() -> DistillationSettings {
    var settings = DistillationSettings()
    settings.environments = 8
    settings.segmentSteps = 4
    settings.updatesPerSegment = 3
    settings.minibatchRows = 16
    return settings
  }

  private func train(
    _ teacher: any TeacherPolicy, _ settings: DistillationSettings? = nil, seed: UInt64 = 1, steps: Int = 500
  ) throws -> TrainingOutcome {
    try Distillation(environment: "CartPole-v1", teacher: teacher, settings: settings ?? small(), seed: seed)
      .train(steps: steps)
  }

  @Test("an 8-8 student of a teacher that stands comes to stand, on seeds it never saw")
  func learns() throws {
    let teacher = try leaningTeacher()
    let outcome = try train(InProcessTeacher(teacher), DistillationSettings(), steps: 20_000)
    #expect(outcome.policy.architecture.policyHidden == [8, 8])
    #expect(outcome.policy.architecture.parameterCount == 4 * 8 + 8 + 8 * 8 + 8 + 8 * 2 + 2)
    let result = try Evaluation.run(
      outcome.policy, environment: "CartPole-v1", settings: Evaluation.Settings(episodes: 50))
    #expect(result.mean >= 475)
  }

  @Test("when an answer is computed changes no bit of the student; the seed does")
  func timing() throws {
    let teacher = try leaningTeacher()
    let prompt = try train(InProcessTeacher(teacher))
    #expect(try train(LateTeacher(teacher)).policy == prompt.policy)
    #expect(try train(InProcessTeacher(teacher)).policy == prompt.policy)
    #expect(try train(InProcessTeacher(teacher), seed: 2).policy != prompt.policy)
  }

  @Test("every visited state is asked for once, and a segment's queries are on their way at once")
  func queries() throws {
    let teacher = try LateTeacher(leaningTeacher())
    let outcome = try train(teacher, steps: 507)
    #expect(outcome.steps == 504)
    #expect(teacher.rowsOfQueries == Array(repeating: 4, count: 126))
    #expect(teacher.inFlightMax == 8)
    #expect(outcome.teacherRows == [1: 504])
  }

  @Test("rows are counted by the version that answered them")
  func versions() throws {
    let teacher = try LateTeacher(leaningTeacher())
    teacher.versionChange = 21
    let rows = try train(teacher).teacherRows
    #expect(rows[1, default: 0] + rows[2, default: 0] == 496)
    // The change is seen by the answers that are collected after the 22nd query was sent. Before it, the first segment's
    // 8 were collected to learn from, and then the answer of the 14th query made room for the 22nd.
    #expect(rows[1] == 14 * 4)
  }

  @Test("a teacher that goes away ends the training with its error")
  func outage() throws {
    let teacher = try LateTeacher(leaningTeacher())
    teacher.failsAtQuery = 10
    #expect(throws: LateTeacher.Gone.self) { try train(teacher) }
  }

  @Test("the loss falls to the divergence that an equal distribution has")
  func lossFalls() throws {
    var losses: [Double] = []
    let student = try Distillation(
      environment: "CartPole-v1", teacher: InProcessTeacher(leaningTeacher(sharpness: 1)),
      settings: DistillationSettings(), seed: 3)
    _ = try student.train(steps: 10_000) { losses.append($0.loss ?? .nan) }
    #expect(try #require(losses.last) < 1e-3)
    #expect(losses[0] > 10 * losses[losses.count - 1])
  }

  @Test("a value is distilled where it has a coefficient, on the student's own trunk")
  func values() throws {
    var settings = DistillationSettings()
    settings.valueCoefficient = 0.5
    var losses: [Double] = []
    let student = try Distillation(
      environment: "CartPole-v1", teacher: InProcessTeacher(leaningTeacher()), settings: settings, seed: 3)
    let outcome = try student.train(steps: 10_000) { losses.append($0.metrics["value_loss"] ?? .nan) }
    #expect(outcome.policy.architecture.hasValue && outcome.policy.architecture.sharedTrunk)
    #expect(losses[0] > 4 * losses[losses.count - 1])
  }

  @Test("temperature, replay and every other number take part", arguments: 0..<5)
  func settings(index: Int) throws {
    let teacher = try leaningTeacher()
    var changed = small()
    switch index {
    case 0: changed.temperature = 2
    case 1: changed.replayRows = 32
    case 2: changed.learningRateSchedule = .constant
    case 3: changed.maxGradientNorm = 0.01
    default: changed.updatesPerSegment = 4
    }
    #expect(try train(InProcessTeacher(teacher), changed).policy != train(InProcessTeacher(teacher)).policy)
  }

  @Test("settings and teachers that make no sense are refused, with what would")
  func refusals() throws {
    var odd = small()
    odd.environments = 7
    let error = #expect(throws: LearningError.self) { try train(InProcessTeacher(leaningTeacher()), odd) }
    #expect(error?.message == "7 environments; an even number is needed, for two halves")
    let three = try Policy(
      architecture: PolicyArchitecture(
        environment: "Other", observationWidth: 4, head: .categorical(actions: 3), policyHidden: [], hasValue: false),
      parameters: Array(repeating: 0, count: 15))
    let misfit = #expect(throws: LearningError.self) { try train(InProcessTeacher(three)) }
    #expect(misfit?.code == .mismatch)
    #expect(misfit?.message == "the teacher gives logits of 3 actions; CartPole-v1 takes 2 discrete actions")
    #expect(throws: LearningError.self) { try train(InProcessTeacher(leaningTeacher()), steps: 7) }
  }
}
