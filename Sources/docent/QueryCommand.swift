import ArgumentParser
import Console
import Foundation
import ModelStore
import Registry
import Wire

/// `docent query`
struct QueryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "query", abstract: "Asks a served model about observations.",
    discussion: """
      Prints what the model answers for each observation: the head's outputs, what they mean for the actions, the value, and \
      the version that answered.

      Examples:
        docent query 127.0.0.1:7070/cartpole --observation 0.1,0.2,0.3,0.4
        docent query 127.0.0.1:7070/cartpole#2 --observation 0,0,0.05,0 --observation 0,0,-0.05,0 --json
        docent query 127.0.0.1:7070/cartpole --observation 0,0,0,0 --sample-seed 7 --features policy.1
        docent query teacher.example.org:7070/cartpole --observation 0,0,0,0 --tls --token-file token
      """)

  @Argument(
    help: ArgumentHelp("HOST:PORT/NAME or unix:SOCKET/NAME, then nothing, @ALIAS or #VERSION.", valueName: "model"),
    transform: { try QueryCommand.reference($0) })
  var model: ModelReference
  @Option(
    // The first number may have a sign.
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("The observation's numbers; give the option again for more rows.", valueName: "numbers"),
    transform: QueryCommand.numbers)
  var observation: [[Float]]
  @Option(help: ArgumentHelp("Draw actions too; the same seed draws the same.", valueName: "seed"))
  var sampleSeed: UInt64?
  @Option(
    help: ArgumentHelp(
      "The activations of a hidden layer too: policy.0, value.0, ...; trunk.0, ... of a shared trunk.",
      valueName: "layer"))
  var features: String?
  @OptionGroup(title: "Connection") var connection: ConnectionOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard !observation.isEmpty else {
      throw ValidationError("no observation given; expected one, as in --observation 0.1,0.2,0.3,0.4")
    }
    let widths = Set(observation.map(\.count))
    guard widths.count == 1 else {
      throw ValidationError(
        "observations of \(widths.sorted().map(String.init).joined(separator: " and ")) numbers; expected as many in each"
      )
    }
  }

  func run() async throws {
    let answers = try await connection.withClient("\(model.place)") { try await ask($0) }
    for answer in answers { try output.results.print(answer, text: answer.text) }
  }

  private func ask(_ client: TeacherClient) async throws -> [QueryAnswer] {
    let request = model.request
    let described = try await client.describe(model: request.model, version: request.version, alias: request.alias)
    guard let policy = described.version?.policy else {
      throw WireStatus(.internalError, "\(client.address) does not say what \(model) is")
    }
    var query = request
    query.rows = observation.count
    query.observations = observation.flatMap { $0 }.withUnsafeBytes { Array($0) }
    query.want = .usual
    if let sampleSeed {
      query.want.insert(.actions)
      query.actionMode = .sampled
      query.actionSeed = sampleSeed
    }
    if let features {
      query.want.insert(.features)
      query.featuresLayer = features
    }
    let reply = try await client.infer(query)
    return observation.indices.map { row in
      QueryAnswer(model: request.model, reply: reply, row: row, observation: observation[row], policy: policy)
    }
  }

  static func reference(_ text: String) throws -> ModelReference {
    let reference = try ModelReference(text)
    guard reference.place.isServer else {
      throw ValidationError("'\(text)' names no server; expected HOST:PORT/NAME, as in 127.0.0.1:7070/cartpole")
    }
    return reference
  }

  static func numbers(_ text: String) throws -> [Float] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { word in
      guard let number = Float(word.trimmingCharacters(in: .whitespaces)) else {
        throw ValidationError(
          "observation '\(text)' with '\(word)', expected numbers with commas between, as in 0.1,0.2,0.3,0.4")
      }
      // Infinity where it was written is what was meant; a number that became it is not.
      if number.isInfinite, Double(word.trimmingCharacters(in: .whitespaces))?.isFinite == true {
        throw ValidationError("observation '\(text)' with '\(word)', expected numbers that fp32 has, to 3.4e38")
      }
      return number
    }
  }
}

extension ModelReference {
  /// A query of this model, without observations yet.
  fileprivate var request: V1.InferRequest {
    switch selector {
    case .version(let number): V1.InferRequest(model: model, version: number)
    case .alias(let alias): V1.InferRequest(model: model, alias: alias)
    }
  }
}
