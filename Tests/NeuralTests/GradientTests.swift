import Foundation
import Testing

@testable import Neural

/// A network in doubles by the definition, straight from the dense parameters: the yardstick of forward and backward.
struct ExactNetwork {
  let architecture: PolicyArchitecture
  var parameters: [Double]

  func run(_ observation: [Float]) -> (outputs: [Double], value: Double) {
    var input = observation.map(Double.init)
    if let normalizer = architecture.normalizer {
      for k in input.indices {
        let scale = (Double(normalizer.variance[k]) + Double(normalizer.epsilon)).squareRoot()
        let limit = Double(normalizer.limit)
        input[k] = min(max((input[k] - Double(normalizer.mean[k])) / scale, -limit), limit)
      }
    }
    var offset = 0
    func apply(_ layer: LayerDescription, _ x: [Double]) -> [Double] {
      let weights = offset
      let bias = weights + layer.inputs * layer.outputs
      offset = bias + layer.outputs
      return (0..<layer.outputs).map { j in
        (0..<layer.inputs).reduce(parameters[bias + j]) { $0 + x[$1] * parameters[weights + j * layer.inputs + $1] }
      }
    }
    var outputs: [Double] = []
    var value = 0.0
    for trunk in architecture.trunks {
      var x = input
      for layer in trunk.hidden {
        x = apply(layer, x).map { architecture.activation == .tanh ? tanh($0) : max($0, 0) }
      }
      for layer in trunk.heads {
        let result = apply(layer, x)
        if layer.role == .policyHead { outputs = result } else { value = result[0] }
      }
    }
    if case .gaussian(let dimensions, _, _) = architecture.head { outputs += parameters[offset..<offset + dimensions] }
    return (outputs, value)
  }
}

@Suite struct GradientTests {
  static let rows = 3

  /// Random parameters, with biases and deviations that are not zero.
  private func policy(_ architecture: PolicyArchitecture) throws -> Policy {
    var numbers = Numbers(seed: 11)
    return try Policy(architecture: architecture, parameters: numbers.floats(architecture.parameterCount, scale: 0.7))
  }

  @Test(arguments: try Networks.all()) func backwardIsTheSlopeOfForward(architecture: PolicyArchitecture) throws {
    let policy = try policy(architecture)
    let network = TrainableNetwork(policy: policy)
    let width = architecture.head.parameterWidth
    var numbers = Numbers(seed: 12)
    let observations = numbers.floats(Self.rows * 5, scale: 2)
    let outputGradients = numbers.floats(Self.rows * width)
    let valueGradients = numbers.floats(Self.rows)
    var outputs = [Float](repeating: .nan, count: Self.rows * width)
    var values = [Float](repeating: .nan, count: Self.rows)
    network.forward(observations, rows: Self.rows, outputs: &outputs, values: &values)
    network.backward(
      outputGradients: outputGradients, valueGradients: architecture.hasValue ? valueGradients : nil)

    // A weighted sum of outputs and values: its slopes are what backward gives for those weights.
    func total(_ exact: ExactNetwork) -> Double {
      (0..<Self.rows).reduce(0) { sum, row in
        let (o, v) = exact.run(Array(observations[row * 5..<row * 5 + 5]))
        return sum + zip(o, outputGradients[(row * width)...]).reduce(0) { $0 + $1.0 * Double($1.1) }
          + (architecture.hasValue ? v * Double(valueGradients[row]) : 0)
      }
    }
    var exact = ExactNetwork(architecture: architecture, parameters: policy.parameters.map(Double.init))
    for row in 0..<Self.rows {
      let (o, v) = exact.run(Array(observations[row * 5..<row * 5 + 5]))
      #expect(zip(o, outputs[(row * width)...]).allSatisfy { abs($0 - Double($1)) < 1e-5 })
      #expect(abs(v - Double(values[row])) < 1e-5)
    }
    let gradients = network.denseGradients()
    let step = 1e-6
    var wrong: [Int] = []
    // Every parameter of the small networks; of the larger ones every eleventh, which meets all tensors.
    for index in stride(from: 0, to: exact.parameters.count, by: exact.parameters.count > 150 ? 11 : 1) {
      let before = exact.parameters[index]
      exact.parameters[index] = before + step
      let up = total(exact)
      exact.parameters[index] = before - step
      let slope = (up - total(exact)) / (2 * step)
      exact.parameters[index] = before
      if abs(slope - Double(gradients[index])) > 2e-5 { wrong.append(index) }
    }
    #expect(wrong.isEmpty)
    // Padding stays out of the optimizer's way.
    let padded = network.gradients.filter { $0 != 0 }.count
    #expect(padded == gradients.filter { $0 != 0 }.count)
  }

  @Test func gradientsAreWrittenNotAccumulated() throws {
    let architecture = try PolicyArchitecture(
      environment: "test", observationWidth: 3, head: .categorical(actions: 2), policyHidden: [8])
    let network = TrainableNetwork(architecture: architecture, seed: 1)
    var (outputs, values) = ([Float](repeating: 0, count: 4), [Float](repeating: 0, count: 2))
    network.forward([1, 2, 3, 4, 5, 6], rows: 2, outputs: &outputs, values: &values)
    network.backward(outputGradients: [1, -1, 0.5, 2], valueGradients: [1, 1])
    let once = network.denseGradients()
    network.backward(outputGradients: [1, -1, 0.5, 2], valueGradients: [1, 1])
    #expect(network.denseGradients() == once)
    // Without gradients of the value, its trunk's are zero.
    network.backward(outputGradients: [1, -1, 0.5, 2], valueGradients: nil)
    let policyOnly = network.denseGradients()
    for tensor in architecture.layout.tensors {
      let range = tensor.offset..<tensor.offset + tensor.count
      if tensor.name.contains("value") {
        #expect(policyOnly[range].allSatisfy { $0 == 0 })
      } else {
        #expect(policyOnly[range] == once[range])
      }
    }
  }
}
