import ArgumentParser
import Console
import ModelStore
import Registry

/// `docent demo`: the main job from nothing to a student behind the endpoint.
struct DemoCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo", abstract: "Trains a teacher, serves it, distils it, and rolls the student out.",
    discussion: """
      Everything happens on this machine, on loopback, in a folder of its own. The commands that it runs are shown as it \
      runs them, and can be typed again.

      Examples:
        docent demo
        docent demo --seed 7 --hidden 16,16
      """)

  @Option(help: ArgumentHelp("Where its files go; made if missing.", valueName: "folder"))
  var directory: String?
  @Option(help: "Of the teacher and of the student.")
  var seed: UInt64 = 1
  @Option(help: ArgumentHelp("Widths of the student's hidden layers.", valueName: "n,n"))
  var hidden = "8,8"
  @Option(help: "Environment steps of the student, and so its queries.")
  var steps = 20_000
  @OptionGroup var output: OutputOptions

  /// CartPole-v1 counts as solved at this mean return.
  private static let threshold = 475.0
  private static let environment = "CartPole-v1"

  func run() async throws {
    let folder = try DemoFolder(directory)
    let clock = ContinuousClock()
    let story = Narrator()

    story.say("A teacher: PPO on \(Self.environment) until it is solved, stored as version 1")
    let taught = try await clock.measuring {
      try await story.run(
        "docent", "train", Self.environment, "--algorithm", "ppo", "--steps", "300000", "--seed", "\(seed)",
        "--registry", folder.teacherRegistry, "--model", DemoFolder.model)
    }
    let teacher = try StoredModel.load(ModelReference("\(folder.teacherRegistry)/\(DemoFolder.model)#1"))

    story.say("The teacher service, a process of its own")
    let serve = ["serve", "--registry", folder.teacherRegistry, "--listen", "127.0.0.1:0"]
    story.show("docent-teacher", serve)
    let (student, studentSeconds, episodes) = try await ServiceProcess.run("docent-teacher", arguments: serve) {
      service in
      story.say("It listens on \(service.address). A student asks it about every state that it visits")
      let job = try folder.writeJob(
        environment: Self.environment, teacher: service.address, hidden: hidden, steps: steps, seed: seed)
      let learnt = try await clock.measuring { try await story.run("docent-student", "train", job) }
      let student = try StoredModel.load(ModelReference("\(folder.studentRegistry)/\(DemoFolder.studentModel)"))

      story.say("The student goes behind the same endpoint step by step, under live episodes")
      let rollout = DemoRollout(
        folder: folder, address: service.address, environment: Self.environment, story: story)
      let episodes = try await rollout.run()
      story.say(episodes.summary)
      return (student, learnt, episodes)
    }

    story.say("100 episodes each, on seeds that training never saw")
    let scoreboard = try Scoreboard(
      environment: Self.environment, teacher: teacher, teacherSeconds: taught, student: student,
      studentSeconds: studentSeconds)
    try scoreboard.print(with: output.results)
    story.say(folder.whatNext)
    try check(scoreboard, episodes)
  }

  private func check(_ scoreboard: Scoreboard, _ episodes: LiveEpisodes) throws {
    guard scoreboard.student.returnMean >= Self.threshold else {
      throw DemoFailure(
        "the student's mean return is \(NumberFormat.significant(scoreboard.student.returnMean, digits: 4)); "
          + "expected \(Self.threshold) or more")
    }
    guard episodes.failures.isEmpty else {
      throw DemoFailure("\(episodes.failures.count) queries failed while versions changed: \(episodes.failures[0])")
    }
    for version in [1, 2] as [UInt64] where episodes.played[version] == nil {
      throw DemoFailure("version \(version) played no episode; expected it to play some")
    }
  }
}

struct DemoFailure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

extension ContinuousClock {
  /// Seconds that some work took.
  fileprivate func measuring(_ work: () async throws -> Void) async rethrows -> Double {
    let start = now
    try await work()
    return start.duration(to: now) / .seconds(1)
  }
}
