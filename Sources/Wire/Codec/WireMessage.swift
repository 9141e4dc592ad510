import CWire

/// A field of a message that protobuf-c could unpack and this program cannot use. It costs the call, not the connection.
struct FieldFault: Error {
  let message: String

  var status: WireStatus { WireStatus(.invalidArgument, message) }
}

/// A Swift value and its struct of protobuf-c.
protocol WireMessage {
  associatedtype Raw
  init(_ raw: Raw) throws(FieldFault)
  /// The same in C, with all that it points to, in the arena.
  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Raw>
}

// MARK: What fields hold. protobuf-c has checked that the pointers and counts of a struct belong together.

func text(_ raw: UnsafePointer<CChar>?, _ field: String) throws(FieldFault) -> String {
  guard let raw else { return "" }
  guard let text = String(validatingCString: raw) else {
    throw FieldFault(message: "\(field) is not UTF-8")
  }
  return text
}

func texts(
  _ raw: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ count: Int, _ field: String
) throws(FieldFault) -> [String] {
  var texts: [String] = []
  for index in 0..<count { texts.append(try text(raw?[index], field)) }
  return texts
}

func bytes(_ raw: ProtobufCBinaryData) -> [UInt8] {
  Array(UnsafeBufferPointer(start: raw.data, count: raw.len))
}

func floats(_ raw: ProtobufCBinaryData, _ field: String) throws(FieldFault) -> [Float] {
  guard raw.len % MemoryLayout<Float>.stride == 0 else {
    throw FieldFault(message: "\(field) has \(raw.len) bytes, expected a multiple of 4")
  }
  // The empty array is one for the whole process: making it this way would write to it from many threads.
  guard raw.len > 0 else { return [] }
  return [Float](unsafeUninitializedCapacity: raw.len / MemoryLayout<Float>.stride) { buffer, count in
    UnsafeMutableRawBufferPointer(buffer).copyMemory(from: UnsafeRawBufferPointer(start: raw.data, count: raw.len))
    count = raw.len / MemoryLayout<Float>.stride
  }
}

func integers(_ raw: UnsafeMutablePointer<UInt32>?, _ count: Int) -> [Int] {
  UnsafeBufferPointer(start: raw, count: count).map { Int($0) }
}

func doubles(_ raw: UnsafeMutablePointer<Double>?, _ count: Int) -> [Double] {
  Array(UnsafeBufferPointer(start: raw, count: count))
}

func message<Message: WireMessage>(_ raw: UnsafeMutablePointer<Message.Raw>?) throws(FieldFault) -> Message? {
  guard let raw else { return nil }
  return try Message(raw.pointee)
}

func messages<Message: WireMessage>(
  _ raw: UnsafeMutablePointer<UnsafeMutablePointer<Message.Raw>?>?, _ count: Int
) throws(FieldFault) -> [Message] {
  var messages: [Message] = []
  messages.reserveCapacity(count)
  for index in 0..<count {
    guard let item = raw?[index] else { continue }
    messages.append(try Message(item.pointee))
  }
  return messages
}

/// A missing status is OK's: proto3 leaves out what is zero.
func statusOrOK(_ raw: UnsafeMutablePointer<Docent__V1__Status>?) throws(FieldFault) -> WireStatus {
  try message(raw) ?? WireStatus(.ok, "")
}

extension WireStatus: WireMessage {
  init(_ raw: Docent__V1__Status) throws(FieldFault) {
    self.init(
      Code(rawValue: raw.code.rawValue), try text(raw.message, "status.message"),
      retryAfterMicroseconds: raw.retry_after_us)
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__Status> {
    let raw = arena.make(Docent__V1__Status.self, docent__v1__status__init)
    raw.pointee.code = Docent__V1__Code(rawValue: code.rawValue)
    raw.pointee.message = arena.text(message)
    raw.pointee.retry_after_us = retryAfterMicroseconds
    return raw
  }
}
