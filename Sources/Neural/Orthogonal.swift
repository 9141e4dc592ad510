internal import CKernels

/// SplitMix64 (Steele et al. 2014): enough for initial weights, and the same everywhere.
struct SplitMix64 {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// In (0, 1), with 24 bits.
  mutating func nextUniform() -> Float { (Float(next() >> 40) + 0.5) * 0x1p-24 }
}

extension PolicyArchitecture {
  /// Dense initial parameters in the order of `layout`. Logarithms are the kernels' own, so that a seed gives the
  /// same bits with any C library.
  func orthogonalParameters(seed: UInt64, kernels: KernelPath) -> [Float] {
    var generator = SplitMix64(state: seed)
    var parameters: [Float] = []
    parameters.reserveCapacity(parameterCount)
    for trunk in trunks {
      for layer in trunk.layers {
        let gain: Double =
          switch layer.role {
          case .hidden: 2.0.squareRoot()
          case .policyHead: if case .qValues = head { 1 } else { 0.01 }
          case .valueHead: 1
          }
        var matrix = normals(layer.outputs * layer.inputs, &generator, kernels)
        var work = [Double](repeating: 0, count: matrix.count)
        ck_orthogonalize(&matrix, layer.outputs, layer.inputs, gain, &work)
        parameters += matrix
        parameters += [Float](repeating: 0, count: layer.outputs)
      }
    }
    parameters += [Float](repeating: 0, count: parameterCount - parameters.count)  // log standard deviations
    return parameters
  }

  /// Standard normals by Marsaglia's polar method: no function but the logarithm and the root.
  private func normals(_ count: Int, _ generator: inout SplitMix64, _ kernels: KernelPath) -> [Float] {
    var pairs: [(Float, Float, Float)] = []
    var squares: [Float] = []
    while pairs.count * 2 < count {
      let a = 2 * generator.nextUniform() - 1
      let b = 2 * generator.nextUniform() - 1
      let square = a * a + b * b
      guard square < 1, square > 0 else { continue }
      pairs.append((a, b, square))
      squares.append(square)
    }
    var logarithms = squares
    kernels.table.pointee.log(squares, &logarithms, squares.count)
    var result: [Float] = []
    for (pair, logarithm) in zip(pairs, logarithms) {
      let scale = (-2 * logarithm / pair.2).squareRoot()
      result.append(pair.0 * scale)
      result.append(pair.1 * scale)
    }
    return Array(result.prefix(count))
  }
}
