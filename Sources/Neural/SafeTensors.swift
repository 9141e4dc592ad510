#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// Named fp32 tensors and string metadata in the safetensors format: eight bytes of header length (little-endian), a
/// JSON header of each tensor's dtype, shape and byte range, then the bytes of the tensors without a gap.
///
/// Reading trusts nothing: every offset is checked against the shape, its neighbours and the file before a byte is
/// read. Only F32 is read; other dtypes are refused by name.
public struct SafeTensors: Sendable {
  public struct Tensor: Hashable, Sendable {
    public var shape: [Int]
    public var values: [Float]

    public init(shape: [Int], values: [Float]) {
      precondition(shape.reduce(1, *) == values.count, "a shape of another size than the values")
      self.shape = shape
      self.values = values
    }
  }

  public var metadata: [String: String]
  public var tensors: [String: Tensor]

  public init(metadata: [String: String] = [:], tensors: [String: Tensor] = [:]) {
    self.metadata = metadata
    self.tensors = tensors
  }

  /// The longest header that is read, in bytes; the same limit as the format's reference implementation.
  public static let headerBytesMax = 100_000_000

  /// - Throws: `NeuralError`: `malformed` for what is no whole safetensors file, `architectureMismatch` for a dtype
  ///   that is not F32, `notFinite` for NaN or infinity.
  public init(_ bytes: [UInt8]) throws {
    let (header, body) = try Self.split(bytes)
    metadata = header.metadata
    tensors = [:]
    try Self.checkRanges(header.entries, bodyBytes: body.count)
    for (name, entry) in header.entries {
      tensors[name] = try Self.tensor(name, entry, body)
    }
  }

  private static func split(_ bytes: [UInt8]) throws -> (Header, ArraySlice<UInt8>) {
    guard bytes.count >= 8 else {
      throw malformed("\(bytes.count) bytes; a safetensors file begins with 8 bytes of header length")
    }
    let length = bytes[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(headerBytesMax) else {
      throw malformed("a header of \(length) bytes; expected at most \(headerBytesMax): this is no safetensors file")
    }
    guard length <= UInt64(bytes.count - 8) else {
      throw malformed("truncated: a header of \(length) bytes, but only \(bytes.count - 8) bytes follow")
    }
    let end = 8 + Int(length)
    do {
      return (try JSONDecoder().decode(Header.self, from: Data(bytes[8..<end])), bytes[end...])
    } catch let error as NeuralError {
      throw error
    } catch {
      throw malformed("the header is not a safetensors header in JSON: \(reason(error))")
    }
  }

  private static func reason(_ error: any Error) -> String {
    guard let error = error as? DecodingError else { return "\(error)" }
    switch error {
    case .dataCorrupted(let context), .keyNotFound(_, let context), .typeMismatch(_, let context),
      .valueNotFound(_, let context):
      let path = context.codingPath.map(\.stringValue).joined(separator: ".")
      return path.isEmpty ? context.debugDescription : "\(path): \(context.debugDescription)"
    @unknown default: return "\(error)"
    }
  }

  private static func checkRanges(_ entries: [String: Header.Entry], bodyBytes: Int) throws {
    var end = 0
    for (name, entry) in entries.sorted(by: { $0.value.dataOffsets.lexicographicallyPrecedes($1.value.dataOffsets) }) {
      guard entry.dtype == "F32" else {
        throw NeuralError(.architectureMismatch, "tensor \(name) is of dtype \(entry.dtype); expected F32")
      }
      guard entry.dataOffsets.count == 2, entry.dataOffsets[0] >= 0, entry.dataOffsets[0] <= entry.dataOffsets[1] else {
        throw malformed("tensor \(name) has data_offsets \(entry.dataOffsets); expected [begin, end]")
      }
      let (begin, next) = (entry.dataOffsets[0], entry.dataOffsets[1])
      guard let bytes = byteCount(of: entry.shape) else {
        throw malformed("tensor \(name) has shape \(entry.shape); expected sizes of 0 or more, in all below 2^60 bytes")
      }
      guard next - begin == bytes else {
        throw malformed(
          "tensor \(name) of shape \(entry.shape) takes \(bytes) bytes; its data_offsets say \(next - begin)")
      }
      guard begin >= end else {
        throw malformed("tensor \(name) begins at byte \(begin), inside the one before it, which ends at \(end)")
      }
      guard begin == end else {
        throw malformed("bytes \(end) to \(begin), before tensor \(name), belong to no tensor")
      }
      guard next <= bodyBytes else {
        throw malformed("truncated: tensor \(name) ends at byte \(next); the file has \(bodyBytes) bytes of data")
      }
      end = next
    }
    guard end == bodyBytes else {
      throw malformed("\(bodyBytes - end) bytes after the last tensor; expected none")
    }
  }

  private static func byteCount(of shape: [Int]) -> Int? {
    var bytes = 4
    for size in shape {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: size)
      guard size >= 0, !overflow, product < 1 << 60 else { return nil }
      bytes = product
    }
    return bytes
  }

  private static func tensor(_ name: String, _ entry: Header.Entry, _ body: ArraySlice<UInt8>) throws -> Tensor {
    let start = body.startIndex + entry.dataOffsets[0]
    let count = (entry.dataOffsets[1] - entry.dataOffsets[0]) / 4
    let values = body.withUnsafeBytes { raw in
      (0..<count).map { index in
        Float(
          bitPattern: UInt32(
            littleEndian: raw.loadUnaligned(fromByteOffset: start - body.startIndex + 4 * index, as: UInt32.self)))
      }
    }
    if let value = values.first(where: { !$0.isFinite }) {
      throw NeuralError(.notFinite, "tensor \(name) holds \(value); expected finite numbers everywhere")
    }
    return Tensor(shape: entry.shape, values: values)
  }

  /// The file's bytes: tensors in the order of their names, the header padded to a multiple of eight bytes. The same
  /// tensors and metadata give the same bytes.
  public func encoded() -> [UInt8] {
    var entries: [String: Header.Entry] = [:]
    var end = 0
    let names = tensors.keys.sorted()
    for name in names {
      let tensor = tensors[name]!
      entries[name] = Header.Entry(
        dtype: "F32", shape: tensor.shape, dataOffsets: [end, end + 4 * tensor.values.count])
      end += 4 * tensor.values.count
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Strings, integers and arrays of them: nothing in a header can fail to be encoded.
    var header = try! [UInt8](encoder.encode(Header(metadata: metadata, entries: entries)))
    header += [UInt8](repeating: UInt8(ascii: " "), count: roundUp(header.count, to: 8) - header.count)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 + header.count + end)
    withUnsafeBytes(of: UInt64(header.count).littleEndian) { bytes += $0 }
    bytes += header
    for name in names {
      for value in tensors[name]!.values {
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
      }
    }
    return bytes
  }

  private static func malformed(_ message: String) -> NeuralError { NeuralError(.malformed, message) }
}

/// The JSON header: tensors by name, and strings under `__metadata__`.
private struct Header: Codable {
  struct Entry: Codable {
    var dtype: String
    var shape: [Int]
    var dataOffsets: [Int]

    enum CodingKeys: String, CodingKey { case dtype, shape, dataOffsets = "data_offsets" }
  }

  struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
    static let metadata = Name(stringValue: "__metadata__")
  }

  var metadata: [String: String]
  var entries: [String: Entry]

  init(metadata: [String: String], entries: [String: Entry]) {
    self.metadata = metadata
    self.entries = entries
  }

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Name.self)
    metadata = try values.decodeIfPresent([String: String].self, forKey: .metadata) ?? [:]
    entries = [:]
    for key in values.allKeys where key.stringValue != Name.metadata.stringValue {
      entries[key.stringValue] = try values.decode(Entry.self, forKey: key)
    }
  }

  func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Name.self)
    if !metadata.isEmpty { try values.encode(metadata, forKey: .metadata) }
    for (name, entry) in entries { try values.encode(entry, forKey: Name(stringValue: name)) }
  }
}
