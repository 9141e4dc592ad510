import CKernels
import Testing

@testable import Neural

/// Every layer kernel gives the bits of its naive twin, on every path of this processor.
@Suite struct LayerKernelTests {
  struct Shape: CustomTestStringConvertible {
    let inputs: Int
    let outputs: Int
    let storage: Int
    let activation: Int
    /// More rows than a slice has, but where the baseline's multiply-adds would take seconds.
    var rowsMax: Int { inputs * outputs > 5000 ? 40 : 300 }
    var testDescription: String { "\(inputs)-\(outputs) storage \(storage) activation \(activation)" }

    /// The layer with its weights at the start of a buffer; also the buffer's size.
    var layer: (ck_layer, Int) {
      let inPadded = roundUp(inputs, to: 8)
      let outPadded = roundUp(outputs, to: 8)
      let weights = storage == CK_ROWS ? outputs * inPadded : inputs * outPadded
      let bias = roundUp(weights, to: 16)
      return (
        ck_layer(
          in: UInt32(inputs), out: UInt32(outputs), in_padded: UInt32(inPadded), out_padded: UInt32(outPadded),
          activation: UInt32(activation), storage: UInt32(storage), weights: 0, bias: bias), bias + outPadded
      )
    }
  }

  // Widths that end in each kind of tile: 8, 16, 24 and 32 columns, more panels than one, and inner sizes beyond a slice.
  static let shapes: [Shape] = [
    Shape(inputs: 4, outputs: 64, storage: CK_PANELS, activation: CK_TANH),
    Shape(inputs: 64, outputs: 64, storage: CK_PANELS, activation: CK_TANH),
    Shape(inputs: 1, outputs: 1, storage: CK_PANELS, activation: CK_IDENTITY),
    Shape(inputs: 3, outputs: 8, storage: CK_PANELS, activation: CK_RELU),
    Shape(inputs: 30, outputs: 15, storage: CK_PANELS, activation: CK_RELU),
    Shape(inputs: 17, outputs: 24, storage: CK_PANELS, activation: CK_TANH),
    Shape(inputs: 33, outputs: 121, storage: CK_PANELS, activation: CK_RELU),
    Shape(inputs: 600, outputs: 72, storage: CK_PANELS, activation: CK_TANH),
    Shape(inputs: 64, outputs: 1, storage: CK_ROWS, activation: CK_IDENTITY),
    Shape(inputs: 64, outputs: 2, storage: CK_ROWS, activation: CK_IDENTITY),
    Shape(inputs: 30, outputs: 7, storage: CK_ROWS, activation: CK_IDENTITY),
    Shape(inputs: 129, outputs: 17, storage: CK_ROWS, activation: CK_IDENTITY),
  ]
  // Every remainder of the largest tile (12 rows), and more rows than a slice has.
  static let batches = Array(1...13) + [24, 31, 40, 128, 300]

  /// Weights and bias with zero padding, as `ck_pack` leaves them.
  private func parameters(_ shape: Shape, _ numbers: inout Numbers) -> [Float] {
    var (layer, count) = shape.layer
    var packed = [Float](repeating: 0, count: count)
    ck_pack(
      &layer, numbers.floats(shape.inputs * shape.outputs, scale: 0.4), numbers.floats(shape.outputs), &packed)
    return packed
  }

  @Test(arguments: KernelPath.available, shapes)
  func forwardEqualsTwin(path: KernelPath, shape: Shape) {
    var numbers = Numbers(seed: 1)
    var (layer, _) = shape.layer
    let packed = parameters(shape, &numbers)
    let stride = Int(layer.in_padded)
    let width = shape.storage == CK_PANELS ? Int(layer.out_padded) : shape.outputs
    let x = numbers.floats(shape.rowsMax * stride, scale: 2)
    var expected = [Float](repeating: 0, count: shape.rowsMax * width)
    ck_naive_forward(&layer, packed, x, stride, shape.rowsMax, &expected, width)
    for rows in Self.batches where rows <= shape.rowsMax {
      // The last rows of x, so that a row meets another place in its batch each time.
      let first = shape.rowsMax - rows
      var result = [Float](repeating: .nan, count: rows * width)
      x.withUnsafeBufferPointer {
        path.table.pointee.forward(&layer, packed, $0.baseAddress! + first * stride, stride, rows, &result, width)
      }
      #expect(result.bits == Array(expected[(first * width)...]).bits, "\(rows) rows")
    }
  }

  @Test(arguments: KernelPath.available, shapes)
  func gradientsEqualTwin(path: KernelPath, shape: Shape) {
    var numbers = Numbers(seed: 2)
    var (layer, count) = shape.layer
    let packed = parameters(shape, &numbers)
    let stride = Int(layer.in_padded)
    let width = shape.storage == CK_PANELS ? Int(layer.out_padded) : shape.outputs
    let x = numbers.floats(shape.rowsMax * stride)
    let delta = numbers.floats(shape.rowsMax * width)
    let before = numbers.floats(shape.rowsMax * stride)
    var scratch = [Float](repeating: .nan, count: stride * Int(layer.out_padded))
    for rows in [1, 7, 12, 40, 300] where rows <= shape.rowsMax {
      var expected = [Float](repeating: 0, count: count)
      var result = expected
      ck_naive_backward_weights(&layer, x, stride, delta, width, rows, &expected)
      path.table.pointee.backward_weights(&layer, x, stride, delta, width, rows, &result)
      #expect(result.bits == expected.bits, "weights, \(rows) rows")

      guard rows < 300 else { continue }
      for activation in [CK_IDENTITY, CK_TANH, CK_RELU] {
        for (continues, finishes) in [(false, true), (true, false), (true, true)] {
          var expectedInputs = before
          var inputs = before
          ck_naive_backward_inputs(
            &layer, packed, delta, width, rows, UInt32(activation), x, stride, &expectedInputs, stride, continues,
            finishes)
          path.table.pointee.backward_inputs(
            &layer, packed, delta, width, rows, UInt32(activation), x, stride, &inputs, stride, continues, finishes,
            &scratch)
          #expect(inputs.bits == expectedInputs.bits, "inputs, \(rows) rows, activation \(activation)")
        }
      }
    }
  }

  @Test(arguments: shapes) func packingIsUndone(shape: Shape) {
    var numbers = Numbers(seed: 3)
    var (layer, count) = shape.layer
    let weights = numbers.floats(shape.inputs * shape.outputs)
    let bias = numbers.floats(shape.outputs)
    var packed = [Float](repeating: .nan, count: count)
    ck_pack(&layer, weights, bias, &packed)
    var weightsBack = [Float](repeating: 0, count: weights.count)
    var biasBack = [Float](repeating: 0, count: bias.count)
    ck_unpack(&layer, packed, &weightsBack, &biasBack)
    #expect(weightsBack == weights)
    #expect(biasBack == bias)
  }
}
