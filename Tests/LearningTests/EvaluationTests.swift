import Environments
import Neural
import Testing

@testable import Learning

@Suite("Evaluation") struct EvaluationTests {
  @Test("interquartile mean: a quarter is left out at either end, rounded down")
  func interquartileMean() {
    #expect(EvaluationResult.interquartileMean(of: [8, 1, 7, 2, 6, 3, 5, 400]) == 5.25)
    #expect(EvaluationResult.interquartileMean(of: [0, 10, 20, 30, 1000]) == 20)
    #expect(EvaluationResult.interquartileMean(of: [1, 2, 6]) == 3)
    #expect(EvaluationResult.interquartileMean(of: [7]) == 7)
  }

  @Test("quantiles are linear between neighbours")
  func quantiles() {
    #expect(EvaluationResult.quantile(0.5, of: [1, 2, 4, 8]) == 3)
    #expect(EvaluationResult.quantile(0, of: [1, 2]) == 1)
    #expect(EvaluationResult.quantile(1, of: [1, 2]) == 2)
  }

  @Test("the bootstrap interval, where its distribution is known")
  func bootstrap() {
    // Two returns: a resample's mean is 0, 1/2 or 1 with chances of 1/4, 1/2 and 1/4.
    #expect(EvaluationResult.bootstrapInterval(of: [0, 1], seed: 3) == (0, 1))
    #expect(EvaluationResult.bootstrapInterval(of: [0, 1], confidence: 0.4, seed: 3) == (0.5, 0.5))
    #expect(EvaluationResult.bootstrapInterval(of: [5, 5, 5], seed: 3) == (5, 5))
    // 0, 1, ..., 99: NumPy's 200,000 resamples have their quantiles at 41.5 and 57.4.
    let wide = EvaluationResult.bootstrapInterval(of: (0..<100).map(Double.init), seed: 1)
    #expect(abs(wide.low - 41.5) < 1 && abs(wide.high - 57.4) < 1)
    #expect(EvaluationResult.bootstrapInterval(of: (0..<100).map(Double.init), seed: 1) == wide)
    #expect(EvaluationResult.bootstrapInterval(of: (0..<100).map(Double.init), seed: 2) != wide)
  }

  @Test("mean, and scores between random and teacher")
  func figures() {
    let result = EvaluationResult(returns: [0, 10, 20, 30, 1000], lengths: [1, 1, 1, 1, 1], seed: 0)
    #expect(result.mean == 212 && result.interquartileMean == 20)
    #expect(EvaluationResult.normalized(260, random: 20, teacher: 500) == 0.5)
  }

  @Test("a policy known to stand is given 500, one that always pushes right falls soon")
  func knownPolicies() throws {
    let good = try Evaluation.run(
      leaningTeacher(), environment: "CartPole-v1", settings: Evaluation.Settings(episodes: 10))
    #expect(good.returns == Array(repeating: 500, count: 10))
    let right = try Evaluation.run(
      leaningTeacher(sharpness: 0).biased(to: 1), environment: "CartPole-v1",
      settings: Evaluation.Settings(episodes: 10))
    #expect(right.returns.allSatisfy { $0 >= 8 && $0 <= 12 })
  }

  @Test("episode i runs in an environment seeded on its own, whatever runs beside it", arguments: [true, false])
  func independentEpisodes(deterministic: Bool) throws {
    let policy = try leaningTeacher(angleAlone: true)
    let results = try [1, 3, 64].map { environments in
      try Evaluation.run(
        policy, environment: "CartPole-v1",
        settings: Evaluation.Settings(episodes: 9, seed: 5, deterministic: deterministic, environments: environments))
    }
    #expect(results[0].returns == results[1].returns && results[0].returns == results[2].returns)
    #expect(Set(results[0].returns).count > 3)
    #expect(results[0].returns == results[0].lengths.map(Double.init))
    if deterministic { #expect(try results[0].lengths == (0..<9).map { try playedByHand(policy, episode: $0) }) }
  }

  /// Steps of one deterministic episode with the environment alone.
  private func playedByHand(_ policy: Policy, episode: UInt64) throws -> Int {
    let environment = try EnvironmentCatalog.make(id: "CartPole-v1", count: 1)
    let storage = StepStorage(for: environment)
    environment.reset(seed: SeedRange.evaluation.base(5) + episode, observations: storage.buffers.observations)
    let weights = policy.tensor(named: "action_net.weight").map(Array.init) ?? []
    var steps = 0
    repeat {
      let observation = storage.observation(0)
      let lean = (0..<4).reduce(Float(0)) { $0 + weights[4 + $1] * observation[$1] }
      withUnsafePointer(to: Int32(lean > 0 ? 1 : 0)) {
        environment.step(actions: .discrete($0), into: storage.buffers)
      }
      steps += 1
    } while !storage.ended(0)
    return steps
  }

  @Test("only running episodes are asked for: one row a step")
  func rowsAsked() throws {
    let teacher = try LateTeacher(leaningTeacher(angleAlone: true))
    let result = try Evaluation.run(
      teacher, environment: "CartPole-v1", settings: Evaluation.Settings(episodes: 9, environments: 4))
    #expect(teacher.rowsOfQueries.reduce(0, +) == result.lengths.reduce(0, +))
    #expect(teacher.rowsOfQueries.max() == 4)
  }

  @Test("random actions fall after some twenty steps; the same seed plays the same episodes")
  func random() throws {
    let settings = Evaluation.Settings(episodes: 50, seed: 1)
    let result = try Evaluation.random(environment: "CartPole-v1", settings: settings)
    #expect(result.mean > 15 && result.mean < 30)
    #expect(try Evaluation.random(environment: "CartPole-v1", settings: settings).returns == result.returns)
    #expect(
      try Evaluation.random(environment: "CartPole-v1", settings: .init(episodes: 50, seed: 2)).returns
        != result.returns)
  }

  @Test("training, validation and evaluation never share a seed")
  func seeds() {
    let ranges = [SeedRange.training, .validation, .evaluation]
    let bases = ranges.flatMap { range in [0, 1, 2, 1 << 41].map { range.base($0) } }.sorted()
    #expect(zip(bases, bases.dropFirst()).allSatisfy { $1 - $0 >= 1 << 20 })
  }

  @Test("a policy that does not fit is refused, with what it takes and what there is")
  func misfit() throws {
    let wide = try Policy(
      architecture: PolicyArchitecture(
        environment: "CartPole-v1", observationWidth: 5, head: .categorical(actions: 2), policyHidden: []),
      parameters: Array(repeating: 0, count: 18))
    let error = #expect(throws: LearningError.self) { try Evaluation.run(wide, environment: "CartPole-v1") }
    #expect(error?.code == .mismatch)
    #expect(error?.message == "the policy takes observations of 5 numbers; CartPole-v1 has 4")
    #expect(throws: LearningError.self) {
      try Evaluation.run(leaningTeacher(), environment: "CartPole-v1", settings: .init(episodes: 0))
    }
  }
}

extension Policy {
  /// The same with a bias of 1 for one action.
  fileprivate func biased(to action: Int) throws -> Policy {
    var parameters = parameters
    for tensor in architecture.layout.tensors where tensor.name == "action_net.bias" {
      parameters[tensor.offset + action] = 1
    }
    return try Policy(architecture: architecture, parameters: parameters)
  }
}
