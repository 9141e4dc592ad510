import Environments
import Neural

/// Visited states with a teacher's answers: the newest `capacity` rows.
///
/// A block of rows is reserved when its states are visited, and answered in the order of reservation when the teacher's
/// outputs have been written into place. Only answered rows are drawn.
final class TaughtRows {
  let capacity: Int
  let block: Int
  let observationWidth: Int
  let outputWidth: Int
  let observations: Memory<Float>
  let outputs: Memory<Float>
  let values: Memory<Float>
  /// Rows that can be drawn.
  private(set) var answered = 0
  /// A ring: where the next block goes, and rows behind it that wait for their answers.
  private var next = 0
  private var waiting = 0

  /// - Parameter block: rows that are reserved at once; the capacity is rounded down to whole blocks.
  init(capacity: Int, block: Int, observationWidth: Int, outputWidth: Int) {
    precondition(block > 0 && capacity >= block)
    self.capacity = capacity / block * block
    self.block = block
    self.observationWidth = observationWidth
    self.outputWidth = outputWidth
    observations = Memory(unwritten: self.capacity * observationWidth)
    outputs = Memory(unwritten: self.capacity * outputWidth)
    values = Memory(unwritten: self.capacity)
  }

  /// The first row of a block for new states; the oldest block makes room.
  func reserve() -> Int {
    precondition(waiting + block <= capacity, "every row waits for its answer")
    let first = next
    next = (next + block) % capacity
    waiting += block
    answered = min(answered, capacity - waiting)
    return first
  }

  /// The block that was reserved first of those that wait: its answers are in `outputs` and `values` now.
  func answer() {
    precondition(waiting >= block, "no row waits for an answer")
    waiting -= block
    answered += block
  }

  /// Draws `rows` rows, each answered one equally likely, and copies them side by side.
  func draw(
    _ rows: Int, _ generator: inout PCG64, indices: Memory<Int32>, observations: Memory<Float>,
    outputs: Memory<Float>, values: Memory<Float>?
  ) {
    let oldest = (next - waiting - answered + 2 * capacity) % capacity
    for row in 0..<rows {
      let index = oldest + generator.below(answered)
      indices.pointer[row] = Int32(index < capacity ? index : index - capacity)
    }
    func gather(_ from: Memory<Float>, _ to: Memory<Float>, _ width: Int) {
      VectorMath.gather(from.pointer, width: width, indices: indices.pointer, rows: rows, out: to.pointer)
    }
    gather(self.observations, observations, observationWidth)
    gather(self.outputs, outputs, outputWidth)
    if let values { gather(self.values, values, 1) }
  }
}
