import Environments
import Neural
import Testing

@testable import Learning

@Suite("PPO") struct PPOTests {
  @Test("CartPole-v1 is solved, and says so")
  func solves() throws {
    var settings = PPOSettings.cartPole
    settings.validationEpisodes = 20
    let outcome = try PPO(environment: "CartPole-v1", settings: settings, seed: 1).train(steps: 60_000)
    #expect(try #require(outcome.validation).mean >= 495)
    #expect(outcome.steps < 60_000)
    let unseen = try Evaluation.run(
      outcome.policy, environment: "CartPole-v1", settings: Evaluation.Settings(episodes: 20))
    #expect(unseen.mean >= 475)
  }

  private func short(_ seed: UInt64, threads: Int = 1, settings: PPOSettings = .pureJaxRL) throws -> Policy {
    var settings = settings
    settings.threads = threads
    return try PPO(environment: "CartPole-v1", settings: settings, seed: seed).train(steps: 1500).policy
  }

  @Test("the same seed twice, on one thread or two, ends in the same bits")
  func deterministic() throws {
    let first = try short(7)
    #expect(try short(7) == first)
    #expect(try short(7, threads: 2) == first)
    #expect(try short(8) != first)
  }

  @Test("every coefficient takes part", arguments: 0..<9)
  func coefficients(index: Int) throws {
    let plain = PPOSettings.pureJaxRL
    var changed = plain
    switch index {
    case 0: changed.gamma = 0.9
    case 1: changed.lambda = 0.5
    case 2: changed.clip = 0.02
    case 3: changed.entropyCoefficient = 0
    case 4: changed.valueCoefficient = 1
    case 5: changed.maxGradientNorm = nil
    case 6: changed.normalizesAdvantages = false
    case 7: changed.learningRateSchedule = .constant
    default: changed.valueClipping = .none
    }
    #expect(try short(3, settings: changed) != short(3, settings: plain))
  }

  @Test("steps are whole rollouts; each update is reported with its figures")
  func progress() throws {
    var reports: [TrainingProgress] = []
    let outcome = try PPO(environment: "CartPole-v1", settings: .pureJaxRL, seed: 0).train(steps: 1100) {
      reports.append($0)
    }
    #expect(outcome.steps == 1536)
    #expect(reports.map(\.steps) == [512, 1024, 1536])
    #expect(reports.allSatisfy { $0.stepsTotal == 1536 && ($0.loss?.isFinite ?? false) && $0.episodes > 0 })
    #expect(reports.allSatisfy { ($0.episodeReturn ?? 0) > 8 })
    #expect(reports[0].metrics["learning_rate"] == Double(Float(2.5e-4)))
    #expect(try #require(reports[1].metrics["entropy"]) > 0.3)
    #expect(try #require(reports[2].metrics["learning_rate"]) < 1e-4)
  }

  @Test("what the progress handler throws ends the training")
  func cancelled() throws {
    struct Stop: Error {}
    #expect(throws: Stop.self) {
      try PPO(environment: "CartPole-v1", settings: .pureJaxRL, seed: 0).train(steps: 1 << 40) { _ in throw Stop() }
    }
  }

  @Test("training continues from a policy")
  func initial() throws {
    let first = try short(7)
    let continued = try PPO(environment: "CartPole-v1", settings: .pureJaxRL, seed: 9, initial: first)
    #expect(continued.currentPolicy == first)
    var wide = PPOSettings.pureJaxRL
    wide.minibatches = 3
    let error = #expect(throws: LearningError.self) { try PPO(environment: "CartPole-v1", settings: wide, seed: 0) }
    #expect(error?.message == "512 rows do not divide into 3 minibatches")
  }
}
