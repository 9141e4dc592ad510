/// Memory of a fixed size that stays at its address and is freed with its owner.
///
/// The pointer is valid as long as its owner: owners are members of what uses them, never passing values.
/// For rows that kernels and environments write through pointers; not for sharing between threads.
final class Memory<Element: BitwiseCopyable & ExpressibleByIntegerLiteral> {
  let pointer: UnsafeMutablePointer<Element>
  let count: Int

  /// Zeroed memory.
  convenience init(_ count: Int) {
    self.init(unwritten: count)
    pointer.initialize(repeating: 0, count: count)
  }

  /// Memory whose owner writes every element before it reads it: large stores take pages as they fill.
  init(unwritten count: Int) {
    self.count = count
    pointer = .allocate(capacity: max(count, 1))
  }

  deinit { pointer.deallocate() }
}
