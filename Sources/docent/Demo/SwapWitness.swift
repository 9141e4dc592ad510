import Console
import StudentTraining
import Wire

/// A client that asks one query after another, by the model's name alone, while something else happens.
struct SwapWitness: Sendable {
  /// Answered queries.
  private(set) var answers = 0
  /// What was wrong with those that were not.
  private(set) var failures: [String] = []
  /// The versions that answered, in the order of their first answer after another's.
  private(set) var versions: [UInt64] = []

  var summary: String {
    let order = versions.map(String.init).joined(separator: ", then ")
    return "\(NumberFormat.grouped(answers)) queries answered, \(failures.count) failed; answered by version \(order)"
  }

  private mutating func count(_ reply: V1.InferReply) {
    answers += 1
    if versions.last != reply.version { versions.append(reply.version) }
  }

  /// Asks from before `work` begins until it has ended and 100 more answers have come.
  static func watch(
    _ address: String, model: String, while work: () async throws -> Void
  ) async throws -> SwapWitness {
    // What a retry would hide is counted.
    let client = try await TeacherClient.connect(
      to: address, configuration: ClientConfiguration(retries: RetryPolicy(attempts: 1)))
    let request = try await query(of: client, model: model)
    // Nothing is changed before the first answer says what was there.
    var first = SwapWitness()
    first.count(try await client.infer(request))
    let stopping = Latch()
    async let asking = ask(client, request, from: first, until: stopping)
    do {
      try await work()
    } catch {
      stopping.set()
      _ = await asking
      await client.close()
      throw error
    }
    stopping.set()
    let seen = await asking
    await client.close()
    return seen
  }

  private static func query(of client: TeacherClient, model: String) async throws -> V1.InferRequest {
    let width = try await client.describe(model: model).version?.policy?.observationWidth ?? 0
    return V1.InferRequest(
      model: model, rows: 1, observations: [UInt8](repeating: 0, count: width * MemoryLayout<Float>.size))
  }

  private static func ask(
    _ client: TeacherClient, _ request: V1.InferRequest, from first: SwapWitness, until stopping: Latch
  ) async -> SwapWitness {
    var seen = first
    var left = 100
    while left > 0 {
      if stopping.isSet { left -= 1 }
      do {
        seen.count(try await client.infer(request))
      } catch {
        seen.failures.append("\(error)")
      }
    }
    return seen
  }
}
