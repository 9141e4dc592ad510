import Console
import Foundation
import Wire

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
  /// Drawn by the service; of a discrete head.
  let sampledAction: Int?
  /// The same of a continuous one.
  let sampledActions: [Float]?
  /// Activations of the layer that was asked for; nil where none was.
  let features: [Float]?

  init(model: String, reply: V1.InferReply, row: Int, observation: [Float], policy: V1.Policy) {
    self.model = model
    version = reply.version
    self.observation = observation
    let rows = max(reply.rows, 1)
    let outputs = reply.outputs.slice(row, of: rows)
    self.outputs = outputs
    value = policy.hasValue && row < reply.values.count ? reply.values[row] : nil
    features = reply.features.isEmpty ? nil : reply.features.slice(row, of: rows)
    let drawn = reply.actions.slice(row, of: rows)
    let words = (0..<drawn.count / 4).map { index in
      drawn.dropFirst(index * 4).prefix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    }
    sampledAction = policy.head == .gaussian ? nil : words.first.map { Int(Int32(bitPattern: $0)) }
    sampledActions = policy.head == .gaussian && !words.isEmpty ? words.map { Float(bitPattern: $0) } : nil
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
    if let sampledAction { lines.append("sampled action \(sampledAction)") }
    if let sampledActions { lines.append("sampled action \(list(sampledActions.map(Double.init)))") }
    if let value { lines.append("value          \(NumberFormat.significant(Double(value), digits: 6))") }
    if let features { lines.append("features       \(list(features.map(Double.init)))") }
    return lines.joined(separator: "\n")
  }
}

extension Array {
  /// One row's part of what all rows have together.
  fileprivate func slice(_ row: Int, of rows: Int) -> [Element] {
    let width = count / rows
    return Array(self[row * width..<(row + 1) * width])
  }
}
