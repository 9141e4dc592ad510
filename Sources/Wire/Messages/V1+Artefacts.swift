// Messages about artefacts, as proto/docent/v1/docent.proto defines them.
extension V1 {
  /// A few observations and what the publisher's own forward pass made of them.
  public struct Golden: Hashable, Sendable {
    /// How many.
    public var rows: Int
    /// Rows x observation width.
    public var observations: [Float]
    /// Rows x parameter width.
    public var outputs: [Float]
    /// One a row.
    public var values: [Float]

    public init(rows: Int = 0, observations: [Float] = [], outputs: [Float] = [], values: [Float] = []) {
      self.rows = rows
      self.observations = observations
      self.outputs = outputs
      self.values = values
    }
  }

  /// Begins a publish; its chunks follow under the same call number.
  public struct PublishHeader: Hashable, Sendable {
    /// The model that gets a version.
    public var model: String
    /// Bytes of all chunks together.
    public var artefactBytes: UInt64
    /// SHA-256 of the artefact.
    public var sha256: [UInt8]
    /// Where the version comes from.
    public var lineage: Lineage?
    /// Recomputed before the version is stored.
    public var golden: Golden?
    /// The same identifier again publishes nothing and answers the same.
    public var requestID: String

    public init(
      model: String = "", artefactBytes: UInt64 = 0, sha256: [UInt8] = [], lineage: Lineage? = nil,
      golden: Golden? = nil, requestID: String = ""
    ) {
      self.model = model
      self.artefactBytes = artefactBytes
      self.sha256 = sha256
      self.lineage = lineage
      self.golden = golden
      self.requestID = requestID
    }
  }

  /// A piece of an artefact.
  public struct Chunk: Hashable, Sendable {
    /// Where it begins: chunks are contiguous.
    public var offset: UInt64
    /// ``WireLimits/chunkBytesMax`` at most.
    public var data: [UInt8]

    public init(offset: UInt64 = 0, data: [UInt8] = []) {
      self.offset = offset
      self.data = data
    }
  }

  /// The version that the artefact became; it is durable and loaded.
  public struct PublishReply: Hashable, Sendable {
    /// Its number.
    public var version: UInt64
    /// SHA-256 of the artefact.
    public var sha256: [UInt8]

    public init(version: UInt64 = 0, sha256: [UInt8] = []) {
      self.version = version
      self.sha256 = sha256
    }
  }

  /// Asks for a version's artefact.
  public struct FetchRequest: Hashable, Sendable {
    /// The model's name.
    public var model: String
    /// A version; 0: not pinned.
    public var version: UInt64
    /// An alias; empty, and no version given: `stable`.
    public var alias: String

    public init(model: String = "", version: UInt64 = 0, alias: String = "") {
      self.model = model
      self.version = version
      self.alias = alias
    }
  }

  /// Begins an artefact; its chunks follow under the same call number.
  public struct FetchHeader: Hashable, Sendable {
    /// The version.
    public var version: UInt64
    /// Bytes of all chunks together.
    public var artefactBytes: UInt64
    /// SHA-256 of the artefact.
    public var sha256: [UInt8]
    /// Where the version comes from.
    public var lineage: Lineage?
    /// What its forward pass must give.
    public var golden: Golden?

    public init(
      version: UInt64 = 0, artefactBytes: UInt64 = 0, sha256: [UInt8] = [], lineage: Lineage? = nil,
      golden: Golden? = nil
    ) {
      self.version = version
      self.artefactBytes = artefactBytes
      self.sha256 = sha256
      self.lineage = lineage
      self.golden = golden
    }
  }
}
