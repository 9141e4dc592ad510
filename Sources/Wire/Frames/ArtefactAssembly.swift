/// The chunks of one artefact on their way to being whole: contiguous, no larger than announced.
public struct ArtefactAssembly: Sendable {
  public let announcedBytes: Int
  public private(set) var bytes: [UInt8] = []

  /// Memory is taken as it arrives, not as it is announced.
  ///
  /// - Throws: ``WireStatus`` where the announcement makes no sense.
  public init(announcedBytes: UInt64, artefactBytesMax: Int) throws(WireStatus) {
    guard announcedBytes > 0 else {
      throw WireStatus(.invalidArgument, "an artefact of 0 bytes, expected at least 1")
    }
    guard announcedBytes <= UInt64(artefactBytesMax) else {
      throw WireStatus(
        .resourceExhausted, "an artefact of \(announcedBytes) bytes, expected at most \(artefactBytesMax)")
    }
    self.announcedBytes = Int(announcedBytes)
  }

  public var isWhole: Bool { bytes.count == announcedBytes }

  /// - Throws: ``WireStatus`` where the chunk is not the next piece.
  public mutating func append(_ chunk: V1.Chunk) throws(WireStatus) {
    guard !chunk.data.isEmpty, chunk.data.count <= WireLimits.chunkBytesMax else {
      throw WireStatus(
        .invalidArgument, "a chunk of \(chunk.data.count) bytes, expected 1 to \(WireLimits.chunkBytesMax)")
    }
    guard chunk.offset == UInt64(bytes.count) else {
      throw WireStatus(.invalidArgument, "a chunk at offset \(chunk.offset), expected \(bytes.count)")
    }
    guard chunk.data.count <= announcedBytes - bytes.count else {
      throw WireStatus(
        .invalidArgument,
        "chunks of \(bytes.count + chunk.data.count) bytes, expected \(announcedBytes) as the header announced")
    }
    bytes += chunk.data
  }
}
