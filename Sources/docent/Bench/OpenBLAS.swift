internal import Neural

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// OpenBLAS, loaded at run time: the yardstick of `docent bench inference`, and no part of Docent.
struct OpenBLAS {
  struct Missing: Error, CustomStringConvertible {
    let description: String
  }

  typealias Gemm =
    @convention(c) (
      Int32, Int32, Int32, Int32, Int32, Int32, Float, UnsafePointer<Float>, Int32, UnsafePointer<Float>, Int32, Float,
      UnsafeMutablePointer<Float>, Int32
    ) -> Void
  typealias Gemv =
    @convention(c) (
      Int32, Int32, Int32, Int32, Float, UnsafePointer<Float>, Int32, UnsafePointer<Float>, Int32, Float,
      UnsafeMutablePointer<Float>, Int32
    ) -> Void

  static let rowMajor: Int32 = 101
  static let plain: Int32 = 111
  static let transposed: Int32 = 112

  let gemm: Gemm
  let gemv: Gemv
  let configuration: String

  /// Opens the library and sets it to one thread.
  init() throws {
    let names = ["libopenblas.so.0", "libopenblas.so", "libopenblas.dylib"]
    guard let library = names.lazy.compactMap({ dlopen($0, RTLD_NOW | RTLD_LOCAL) }).first else {
      throw Missing(description: "OpenBLAS is not installed; on Debian: apt-get install libopenblas0-pthread")
    }
    func symbol(_ name: String) throws -> UnsafeMutableRawPointer {
      guard let symbol = dlsym(library, name) else {
        throw Missing(description: "the installed OpenBLAS has no function \(name)")
      }
      return symbol
    }
    gemm = unsafeBitCast(try symbol("cblas_sgemm"), to: Gemm.self)
    gemv = unsafeBitCast(try symbol("cblas_sgemv"), to: Gemv.self)
    let setThreads = unsafeBitCast(
      try symbol("openblas_set_num_threads"), to: (@convention(c) (Int32) -> Void).self)
    setThreads(1)
    let getConfiguration = unsafeBitCast(
      try symbol("openblas_get_config"), to: (@convention(c) () -> UnsafePointer<CChar>?).self)
    configuration = getConfiguration().map { String(cString: $0) } ?? "OpenBLAS"
  }
}

/// A network that runs on OpenBLAS as one would write it: the bias is copied to the results, sgemm (sgemv for one row)
/// adds the product, and our own tanh or ReLU follows in place.
final class OpenBLASNetwork {
  struct Layer {
    let inputs: Int
    let outputs: Int
    /// [outputs][inputs], as PyTorch keeps it, and transposed.
    let weights: [Float]
    let weightsTransposed: [Float]
    let bias: [Float]
    let isHead: Bool
  }

  private let blas: OpenBLAS
  private let layers: [Layer]
  private let activation: Activation
  /// Whether the product reads the transposed weights: the caller tries both and keeps the faster.
  let readsTransposed: Bool
  private var buffers: [[Float]]

  init(_ policy: Policy, rows: Int, readsTransposed: Bool, blas: OpenBLAS) {
    self.blas = blas
    self.readsTransposed = readsTransposed
    activation = policy.architecture.activation
    let tensors = policy.architecture.layout.tensors
    layers = stride(from: 0, to: tensors.count, by: 2).map { index in
      let (outputs, inputs) = (tensors[index].shape[0], tensors[index].shape[1])
      let weights = Array(policy.parameters[tensors[index].offset..<tensors[index].offset + inputs * outputs])
      var other = weights
      for row in 0..<outputs {
        for column in 0..<inputs { other[column * outputs + row] = weights[row * inputs + column] }
      }
      let bias = Array(policy.parameters[tensors[index + 1].offset..<tensors[index + 1].offset + outputs])
      return Layer(
        inputs: inputs, outputs: outputs, weights: weights, weightsTransposed: other, bias: bias,
        isHead: index + 2 == tensors.count)
    }
    buffers = layers.map { [Float](repeating: 0, count: rows * $0.outputs) }
  }

  /// The outputs of the last layer, [rows][outputs].
  var outputs: [Float] { buffers[layers.count - 1] }

  func forward(_ observations: UnsafePointer<Float>, rows: Int) {
    var x = observations
    for (index, layer) in layers.enumerated() {
      x = buffers[index].withUnsafeMutableBufferPointer { y in
        run(layer, x, y.baseAddress!, rows)
        return UnsafePointer(y.baseAddress!)  // the buffer lives as long as the network, and is not resized
      }
    }
  }

  private func run(_ layer: Layer, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ rows: Int) {
    let (inputs, outputs) = (Int32(layer.inputs), Int32(layer.outputs))
    for row in 0..<rows { (y + row * layer.outputs).update(from: layer.bias, count: layer.outputs) }
    switch (rows, readsTransposed) {
    case (1, false):
      blas.gemv(OpenBLAS.rowMajor, OpenBLAS.plain, outputs, inputs, 1, layer.weights, inputs, x, 1, 1, y, 1)
    case (1, true):
      blas.gemv(
        OpenBLAS.rowMajor, OpenBLAS.transposed, inputs, outputs, 1, layer.weightsTransposed, outputs, x, 1, 1, y, 1)
    case (_, false):
      blas.gemm(
        OpenBLAS.rowMajor, OpenBLAS.plain, OpenBLAS.transposed, Int32(rows), outputs, inputs, 1, x, inputs,
        layer.weights, inputs, 1, y, outputs)
    case (_, true):
      blas.gemm(
        OpenBLAS.rowMajor, OpenBLAS.plain, OpenBLAS.plain, Int32(rows), outputs, inputs, 1, x, inputs,
        layer.weightsTransposed, outputs, 1, y, outputs)
    }
    guard !layer.isHead else { return }
    switch activation {
    case .tanh: VectorMath.tanh(y, y, count: rows * layer.outputs)
    case .relu: for index in 0..<rows * layer.outputs where y[index] < 0 { y[index] = 0 }
    }
  }
}
