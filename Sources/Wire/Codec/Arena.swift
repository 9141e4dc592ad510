import CWire

/// The owner of a C bump arena. Everything made in it is gone at the next reset.
struct Arena: ~Copyable {
  private let raw: OpaquePointer

  init(firstBytes: Int) {
    guard let raw = docent_arena_new(firstBytes) else { fatalError("out of memory") }
    self.raw = raw
  }

  deinit {
    docent_arena_free(raw)
  }

  /// - Parameter limit: bytes that may be allocated until the next reset.
  func reset(limit: Int = .max) {
    docent_arena_reset(raw, limit)
  }

  var allocator: UnsafeMutablePointer<ProtobufCAllocator> { docent_arena_allocator(raw) }

  /// An allocation failed since the last reset.
  var isExhausted: Bool { docent_arena_exhausted(raw) != 0 }

  func allocate<Element>(_ type: Element.Type, _ count: Int) -> UnsafeMutablePointer<Element> {
    guard let bytes = docent_arena_allocate(raw, count * MemoryLayout<Element>.stride) else {
      fatalError("out of memory")
    }
    return bytes.bindMemory(to: Element.self, capacity: count)
  }

  /// A message as protobuf-c initialises it.
  func make<Message>(
    _ type: Message.Type, _ initialize: (UnsafeMutablePointer<Message>?) -> Void
  ) -> UnsafeMutablePointer<Message> {
    let message = allocate(type, 1)
    initialize(message)
    return message
  }

  func text(_ text: String) -> UnsafeMutablePointer<CChar> {
    var text = text
    return text.withUTF8 { utf8 in
      let copy = allocate(CChar.self, utf8.count + 1)
      UnsafeMutableRawPointer(copy).copyMemory(
        from: utf8.baseAddress ?? UnsafePointer(bitPattern: 1)!, byteCount: utf8.count)
      copy[utf8.count] = 0
      return copy
    }
  }

  func bytes(_ bytes: [UInt8]) -> ProtobufCBinaryData {
    bytes.withUnsafeBytes { data($0) }
  }

  func floats(_ floats: [Float]) -> ProtobufCBinaryData {
    floats.withUnsafeBytes { data($0) }
  }

  private func data(_ bytes: UnsafeRawBufferPointer) -> ProtobufCBinaryData {
    guard let base = bytes.baseAddress, !bytes.isEmpty else { return ProtobufCBinaryData() }
    let copy = allocate(UInt8.self, bytes.count)
    UnsafeMutableRawPointer(copy).copyMemory(from: base, byteCount: bytes.count)
    return ProtobufCBinaryData(len: bytes.count, data: copy)
  }

  func integers(_ integers: [Int]) -> (UnsafeMutablePointer<UInt32>?, Int) {
    let copy = allocate(UInt32.self, integers.count)
    for (index, integer) in integers.enumerated() { copy[index] = UInt32(clamping: integer) }
    return (copy, integers.count)
  }

  func doubles(_ doubles: [Double]) -> (UnsafeMutablePointer<Double>?, Int) {
    let copy = allocate(Double.self, doubles.count)
    copy.update(from: doubles, count: doubles.count)
    return (copy, doubles.count)
  }

  func texts(_ texts: [String]) -> (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, Int) {
    let copy = allocate(UnsafeMutablePointer<CChar>?.self, texts.count)
    for (index, item) in texts.enumerated() { copy[index] = text(item) }
    return (copy, texts.count)
  }

  func messages<Message: WireMessage>(
    _ messages: [Message]
  ) -> (UnsafeMutablePointer<UnsafeMutablePointer<Message.Raw>?>?, Int) {
    let copy = allocate(UnsafeMutablePointer<Message.Raw>?.self, messages.count)
    for (index, message) in messages.enumerated() { copy[index] = message.packed(self) }
    return (copy, messages.count)
  }
}
