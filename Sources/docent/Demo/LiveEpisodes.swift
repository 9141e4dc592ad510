import Console
import Environments
import Learning
import StudentTraining
import Wire

/// Clients that play episodes behind an endpoint by the model's name alone, and report their returns, while something
/// else happens.
struct LiveEpisodes: Sendable {
  struct Played: Sendable {
    var episodes = 0
    var returnSum = 0.0
  }

  private(set) var answers = 0
  /// What was wrong with queries and reports that were not answered.
  private(set) var failures: [String] = []
  /// Episodes that one version played from their first step to their last.
  private(set) var played: [UInt64: Played] = [:]
  /// Episodes that went on with another version, since theirs was rolled back.
  private(set) var moved = 0

  var summary: String {
    let versions = played.sorted { $0.key < $1.key }.map { version, played in
      let mean = NumberFormat.fixed(played.returnSum / Double(played.episodes), digits: 1)
      return "version \(version) played \(NumberFormat.grouped(played.episodes)) with a mean return of \(mean)"
    }
    return """
      \(NumberFormat.grouped(answers)) queries answered, \(failures.count) failed; of the episodes, \
      \(versions.joined(separator: ", ")), and \(moved) were moved from a version that was rolled back
      """
  }

  /// Plays from before `work` begins until it has ended.
  ///
  /// - Parameter players: episodes that are played at once.
  static func play(
    _ address: String, model: String, environment: String, players: Int = 32, while work: () async throws -> Void
  ) async throws -> LiveEpisodes {
    // What a retry would hide is counted.
    let client = try await TeacherClient.connect(
      to: address, configuration: ClientConfiguration(retries: RetryPolicy(attempts: 1)))
    let stopping = Latch()
    let playing: @Sendable () async -> LiveEpisodes = {
      await withTaskGroup(of: LiveEpisodes.self) { group in
        for player in 0..<players {
          group.addTask { await play(client, model, environment, seed: UInt64(player), until: stopping) }
        }
        return await group.reduce(into: LiveEpisodes()) { $0.add($1) }
      }
    }
    do {
      let seen = try await running(playing, until: stopping, beside: work).side
      await client.close()
      return seen
    } catch {
      await client.close()
      throw error
    }
  }

  private mutating func add(_ other: LiveEpisodes) {
    answers += other.answers
    failures += other.failures
    moved += other.moved
    played.merge(other.played) { Played(episodes: $0.episodes + $1.episodes, returnSum: $0.returnSum + $1.returnSum) }
  }

  private static func play(
    _ client: TeacherClient, _ model: String, _ environment: String, seed: UInt64, until stopping: Latch
  ) async -> LiveEpisodes {
    var seen = LiveEpisodes()
    do {
      let environments = try EnvironmentCatalog.make(id: environment, count: 1)
      let steps = StepStorage(for: environments)
      environments.reset(seed: SeedRange.evaluation.base(0) + seed, observations: steps.buffers.observations)
      while !stopping.isSet {
        try await seen.playEpisode(client.episode(of: model), in: environments, steps, until: stopping)
      }
    } catch {
      seen.failures.append("\(error)")
    }
    return seen
  }

  private mutating func playEpisode(
    _ episode: Episode, in environments: any VectorEnvironment, _ steps: StepStorage, until stopping: Latch
  ) async throws {
    var (episodeReturn, length) = (0.0, 0)
    repeat {
      let observation = steps.observation(0)
      let reply = try await episode.infer(
        V1.InferRequest(
          rows: 1, observations: observation.withUnsafeBytes { Array($0) }, want: .actions, actionMode: .greedy))
      answers += 1
      reply.actions.withUnsafeBytes { actions in
        withUnsafePointer(to: actions.loadUnaligned(as: Int32.self)) { action in
          environments.step(actions: .discrete(action), into: steps.buffers)
        }
      }
      episodeReturn += steps.buffers.rewards[0]
      length += 1
    } while !steps.ended(0) && !stopping.isSet
    guard steps.ended(0) else { return }
    guard try await episode.report(episodeReturn: episodeReturn, steps: UInt64(length)) else {
      moved += 1
      return
    }
    played[episode.version, default: Played()].episodes += 1
    played[episode.version, default: Played()].returnSum += episodeReturn
  }
}
