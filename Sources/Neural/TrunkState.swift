internal import CKernels

/// One trunk of a network in training: its activations, and its share of a pass.
///
/// The value trunk may run on another thread than the policy's: they share the input and nothing that either writes.
final class TrunkState {
  struct HeadBuffer {
    let results: UnsafeMutablePointer<Float>?
    let stride: Int
  }
  struct HeadGradient {
    let gradients: UnsafePointer<Float>?
    let stride: Int
  }

  private let layers: NetworkPlan.Trunk
  private var activations: [AlignedBuffer] = []
  private var deltas: [AlignedBuffer] = []
  private let transposed: AlignedBuffer

  private var table: UnsafePointer<ck_kernels>!
  private var parameters: UnsafePointer<Float>!
  private var gradients: UnsafeMutablePointer<Float>!
  private var input: UnsafePointer<Float>!
  private var inputStride = 0
  private var rows = 0
  enum Pass { case forward, backward }
  var pass = Pass.forward
  var headBuffers: [HeadBuffer] = []
  var headGradients: [HeadGradient] = []

  init(_ layers: NetworkPlan.Trunk) {
    self.layers = layers
    transposed = AlignedBuffer(
      count: layers.hidden.reduce(0) { max($0, Int($1.in_padded) * Int($1.out_padded)) })
  }

  func reserve(_ rows: Int) {
    activations = layers.hidden.map { AlignedBuffer(count: rows * Int($0.out_padded)) }
    deltas = layers.hidden.map { AlignedBuffer(count: rows * Int($0.out_padded)) }
  }

  func set(
    table: UnsafePointer<ck_kernels>, parameters: UnsafePointer<Float>, gradients: UnsafeMutablePointer<Float>,
    input: UnsafePointer<Float>, inputStride: Int, rows: Int
  ) {
    self.table = table
    self.parameters = parameters
    self.gradients = gradients
    self.input = input
    self.inputStride = inputStride
    self.rows = rows
  }

  /// Input of hidden layer `index`, or of the heads where it is the number of hidden layers.
  private func source(_ index: Int) -> (pointer: UnsafePointer<Float>, stride: Int) {
    index == 0
      ? (input, inputStride)
      : (UnsafePointer(activations[index - 1].pointer), Int(layers.hidden[index - 1].out_padded))
  }

  func run() {
    switch pass {
    case .forward: forward()
    case .backward: backward()
    }
  }

  private func forward() {
    for (index, var layer) in layers.hidden.enumerated() {
      let x = source(index)
      table.pointee.forward(
        &layer, parameters, x.pointer, x.stride, rows, activations[index].pointer, Int(layer.out_padded))
    }
    let x = source(layers.hidden.count)
    for (var layer, buffer) in zip(layers.heads, headBuffers) {
      guard let results = buffer.results else { continue }
      table.pointee.forward(&layer, parameters, x.pointer, x.stride, rows, results, buffer.stride)
    }
  }

  private func backward() {
    let depth = layers.hidden.count
    let x = source(depth)
    let lastUsed = layers.heads.indices.last { headGradients[$0].gradients != nil }
    var continues = false
    for (index, (var layer, head)) in zip(layers.heads, headGradients).enumerated() {
      guard let delta = head.gradients else {
        (gradients + layer.weights).update(repeating: 0, count: Int(layer.out) * Int(layer.in_padded))
        (gradients + layer.bias).update(repeating: 0, count: Int(layer.out_padded))
        continue
      }
      table.pointee.backward_weights(&layer, x.pointer, x.stride, delta, head.stride, rows, gradients)
      if depth > 0 {
        table.pointee.backward_inputs(
          &layer, parameters, delta, head.stride, rows, layers.hidden[depth - 1].activation, x.pointer, x.stride,
          deltas[depth - 1].pointer, x.stride, continues, index == lastUsed, nil)
      }
      continues = true
    }
    if lastUsed == nil, depth > 0 {
      deltas[depth - 1].pointer.update(repeating: 0, count: rows * Int(layers.hidden[depth - 1].out_padded))
    }
    for index in (0..<depth).reversed() {
      var layer = layers.hidden[index]
      let x = source(index)
      let stride = Int(layer.out_padded)
      table.pointee.backward_weights(&layer, x.pointer, x.stride, deltas[index].pointer, stride, rows, gradients)
      if index > 0 {
        table.pointee.backward_inputs(
          &layer, parameters, deltas[index].pointer, stride, rows, layers.hidden[index - 1].activation, x.pointer,
          x.stride, deltas[index - 1].pointer, x.stride, false, true, transposed.pointer)
      }
    }
  }
}
