import Environments

/// A permutation of the rows of a rollout, drawn anew for each epoch (Fisher and Yates).
struct Shuffle {
  private var indices: [Int32]

  init(count: Int) {
    precondition(count < Int32.max)
    indices = (0..<Int32(count)).map { $0 }
  }

  /// Continues from the last permutation: as random as a fresh start, and no second pass over the memory.
  mutating func shuffle(_ generator: inout PCG64) {
    indices.withUnsafeMutableBufferPointer { indices in
      var index = indices.count - 1
      while index > 0 {
        let other = generator.below(index + 1)
        let moved = indices[index]
        indices[index] = indices[other]
        indices[other] = moved
        index -= 1
      }
    }
  }

  func withIndices<Result>(_ body: (UnsafeBufferPointer<Int32>) throws -> Result) rethrows -> Result {
    try indices.withUnsafeBufferPointer(body)
  }
}
