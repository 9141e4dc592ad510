import Foundation
import Testing

@testable import Neural

@Suite struct SafeTensorsTests {
  static let small = SafeTensors(
    metadata: ["environment": "test"],
    tensors: [
      "b": .init(shape: [2], values: [1, 2]), "a": .init(shape: [2, 3], values: [1, -2, 3, -4, 5, 6]),
      "c": .init(shape: [0, 4], values: []),
    ])

  /// A file from a header and bytes of data.
  private func file(_ header: String, data: Int = 8) -> [UInt8] {
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { [UInt8]($0) } + [UInt8](header.utf8)
      + [UInt8](repeating: 0, count: data)
  }

  @Test func whatIsWrittenIsRead() throws {
    let bytes = Self.small.encoded()
    let back = try SafeTensors(bytes)
    #expect(back.metadata == Self.small.metadata)
    #expect(back.tensors == Self.small.tensors)
    #expect(Self.small.encoded() == bytes)
    #expect(bytes[0] % 8 == 0, "data is aligned")
  }

  @Test func aFileCutOffAnywhereIsRefused() {
    let bytes = Self.small.encoded()
    for count in 0..<bytes.count {
      let error = #expect(throws: NeuralError.self, "\(count) bytes") { try SafeTensors(Array(bytes[..<count])) }
      #expect(error?.code == .malformed)
    }
    #expect(throws: NeuralError.self) { try SafeTensors(bytes + [0]) }
  }

  /// Whatever single byte is wrong, reading ends in a value or a NeuralError.
  @Test func noByteBringsTheReaderDown() {
    let bytes = Self.small.encoded()
    for index in bytes.indices {
      for flip in [1, 0x20, 0x80, 0xff] as [UInt8] {
        var changed = bytes
        changed[index] ^= flip
        do { _ = try SafeTensors(changed) } catch { #expect(error is NeuralError) }
      }
    }
  }

  @Test(arguments: [
    (#"["no object"]"#, "not a safetensors header"),
    (#"<html>"#, "not a safetensors header"),
    (#"{"a":{"dtype":"F32","shape":[2]}}"#, "data_offsets"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}"#, "expected [begin, end]"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, "expected [begin, end]"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}"#, "expected [begin, end]"),
    (#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, "takes 12 bytes"),
    (#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#, "ends at byte 16"),
    (#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, "shape [-2]"),
    (#"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}"#, "expected sizes"),
    (
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
      "inside the one before"
    ),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, "belong to no tensor"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, "after the last tensor"),
    (#"{"__metadata__":{"a":1},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, "not a safetensors header"),
  ])
  func aHeaderThatLiesIsRefused(header: String, reason: String) {
    let error = #expect(throws: NeuralError.self) { try SafeTensors(file(header)) }
    #expect(error?.code == .malformed)
    #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
  }

  @Test func otherElementTypesAreRefusedByName() {
    let error = #expect(throws: NeuralError.self) {
      try SafeTensors(file(#"{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}"#))
    }
    #expect(error?.code == .architectureMismatch)
    #expect(error?.message.contains("F64") == true)
  }

  @Test(arguments: [Float.nan, .infinity]) func numbersAreFinite(bad: Float) {
    var file = Self.small
    file.tensors["b"]?.values[1] = bad
    let error = #expect(throws: NeuralError.self) { try SafeTensors(file.encoded()) }
    #expect(error?.code == .notFinite)
    #expect(error?.message.contains("tensor b") == true)
  }
}
