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
    let reply = try await client.infer(query)
    let width = reply.outputs.count / max(reply.rows, 1)
    return observation.indices.map { row in
      QueryAnswer(
        model: request.model, version: reply.version, observation: observation[row],
        outputs: Array(reply.outputs[row * width..<(row + 1) * width]),
        value: policy.hasValue && row < reply.values.count ? reply.values[row] : nil, policy: policy)
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

/// What a model answered for one observation.
struct QueryAnswer: Encodable {
  let model: String
  let version: UInt64
  let observation: [Float]
  /// The head's outputs as they were served.
  let outputs: [Float]
  /// Of each action, where the outputs are logits.
  let probabilities: [Double]?
  /// Where the outputs are a Gaussian's.
  let means: [Float]?
  let standardDeviations: [Double]?
  /// nil where the model has none.
  let value: Float?
  /// The discrete action that a greedy player takes.
  let action: Int?
  /// The same of a continuous space: the means within the action's range.
  let actions: [Float]?

  init(
    model: String, version: UInt64, observation: [Float], outputs: [Float], value: Float?, policy: V1.Policy
  ) {
    self.model = model
    self.version = version
    self.observation = observation
    self.outputs = outputs
    self.value = value
    switch policy.head {
    case .gaussian:
      let half = outputs.count / 2
      let means = Array(outputs[..<half])
      self.means = means
      standardDeviations = outputs[half...].map { exp(Double($0)) }
      actions = means.indices.map { index in
        guard policy.actionLow.indices.contains(index), policy.actionHigh.indices.contains(index) else {
          return means[index]
        }
        return min(max(means[index], policy.actionLow[index]), policy.actionHigh[index])
      }
      probabilities = nil
      action = nil
    default:
      means = nil
      standardDeviations = nil
      actions = nil
      action = outputs.indices.max { outputs[$0] < outputs[$1] }
      if policy.head == .categorical, let largest = outputs.max() {
        let weights = outputs.map { exp(Double($0 - largest)) }
        let sum = weights.reduce(0, +)
        probabilities = weights.map { $0 / sum }
      } else {
        probabilities = nil
      }
    }
  }

  var text: String {
    func list(_ numbers: some Sequence<Double>) -> String {
      numbers.map { NumberFormat.significant($0, digits: 6) }.joined(separator: " ")
    }
    var lines = ["\(model)#\(version)", "observation    \(list(observation.map(Double.init)))"]
    if let means, let standardDeviations, let actions {
      lines.append("means          \(list(means.map(Double.init)))")
      lines.append("deviations     \(list(standardDeviations))")
      lines.append("greedy action  \(list(actions.map(Double.init)))")
    } else {
      lines.append("\(probabilities == nil ? "Q values " : "logits   ")      \(list(outputs.map(Double.init)))")
      if let probabilities { lines.append("probabilities  \(list(probabilities))") }
      if let action { lines.append("greedy action  \(action)") }
    }
    if let value { lines.append("value          \(NumberFormat.significant(Double(value), digits: 6))") }
    return lines.joined(separator: "\n")
  }
}
