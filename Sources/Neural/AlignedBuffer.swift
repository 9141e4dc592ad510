/// Floats on 64-byte lines, zeroed, owned; freed with it.
final class AlignedBuffer {
  let floats: UnsafeMutableBufferPointer<Float>

  init(count: Int) {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 16) * 4, alignment: 64)
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
    floats = UnsafeMutableBufferPointer(
      start: bytes.baseAddress!.bindMemory(to: Float.self, capacity: count), count: count)
  }

  deinit { UnsafeMutableRawPointer(floats.baseAddress!).deallocate() }

  var pointer: UnsafeMutablePointer<Float> { floats.baseAddress! }
}

func roundUp(_ count: Int, to multiple: Int) -> Int { (count + multiple - 1) / multiple * multiple }
