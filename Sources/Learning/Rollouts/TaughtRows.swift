import Environments
import Neural

/// Visited states with a teacher's answers: the newest `capacity` rows.
///
/// Rows are reserved when the state is visited and filled when its answer arrives; a block of rows reserved together
/// lies side by side, so that answers are written straight into place.
final class TaughtRows {
  let capacity: Int
  let observationWidth: Int
  let outputWidth: Int
  let observations: Memory<Float>
  let outputs: Memory<Float>
  let values: Memory<Float>
  /// Rows that hold something.
  private(set) var count = 0
  private var next = 0

  /// - Parameter block: rows that are reserved at once; the capacity is rounded down to whole blocks.
  init(capacity: Int, block: Int, observationWidth: Int, outputWidth: Int) {
    precondition(block > 0 && capacity >= block)
    self.capacity = capacity / block * block
    self.observationWidth = observationWidth
    self.outputWidth = outputWidth
    observations = Memory(unwritten: self.capacity * observationWidth)
    outputs = Memory(unwritten: self.capacity * outputWidth)
    values = Memory(unwritten: self.capacity)
  }

  /// The first of `rows` rows, which is a block of the initialiser's size; the oldest rows make room.
  func reserve(_ rows: Int) -> Int {
    if next + rows > capacity { next = 0 }
    let first = next
    next += rows
    count = max(count, next)
    return first
  }

  /// Draws `rows` rows, each equally likely, and copies them side by side.
  func draw(
    _ rows: Int, _ generator: inout PCG64, indices: Memory<Int32>, observations: Memory<Float>,
    outputs: Memory<Float>, values: Memory<Float>?
  ) {
    for row in 0..<rows { indices.pointer[row] = Int32(generator.below(count)) }
    func gather(_ from: Memory<Float>, _ to: Memory<Float>, _ width: Int) {
      VectorMath.gather(from.pointer, width: width, indices: indices.pointer, rows: rows, out: to.pointer)
    }
    gather(self.observations, observations, observationWidth)
    gather(self.outputs, outputs, outputWidth)
    if let values { gather(self.values, values, 1) }
  }
}
