// Messages about models, as proto/docent/v1/docent.proto defines them.
extension V1 {
  /// One immutable version of a model.
  public struct Version: Hashable, Sendable {
    /// Counted from 1 in each model, never reused.
    public var number: UInt64
    /// Whether queries can reach it.
    public var state: VersionState
    /// SHA-256 of the artefact.
    public var sha256: [UInt8]
    /// Bytes of the artefact.
    public var artefactBytes: UInt64
    /// Since 1970-01-01 UTC.
    public var createdMicroseconds: Int64
    /// Where it comes from.
    public var lineage: Lineage?
    /// Why it is ``VersionState/failed``.
    public var failure: String
    /// What it is.
    public var policy: Policy?

    public init(
      number: UInt64 = 0, state: VersionState = .stored, sha256: [UInt8] = [], artefactBytes: UInt64 = 0,
      createdMicroseconds: Int64 = 0, lineage: Lineage? = nil, failure: String = "", policy: Policy? = nil
    ) {
      self.number = number
      self.state = state
      self.sha256 = sha256
      self.artefactBytes = artefactBytes
      self.createdMicroseconds = createdMicroseconds
      self.lineage = lineage
      self.failure = failure
      self.policy = policy
    }
  }

  /// A name for a version.
  public struct AliasTarget: Hashable, Sendable {
    /// Such as `stable`.
    public var alias: String
    /// What it stands for.
    public var version: UInt64

    public init(alias: String = "", version: UInt64 = 0) {
      self.alias = alias
      self.version = version
    }
  }

  /// A model with its versions and aliases.
  public struct Model: Hashable, Sendable {
    /// The model's name.
    public var name: String
    /// Oldest first.
    public var versions: [Version]
    /// In the order of their names.
    public var aliases: [AliasTarget]

    public init(name: String = "", versions: [Version] = [], aliases: [AliasTarget] = []) {
      self.name = name
      self.versions = versions
      self.aliases = aliases
    }
  }

  /// Asks what a model's words mean now. A version that is stored but not loaded is loaded, unless another one would have
  /// to make room for it and the caller has not the scope operate: RESOURCE_EXHAUSTED then.
  public struct DescribeRequest: Hashable, Sendable {
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

  /// The version that the request's words mean now, and what else is served under the name.
  public struct DescribeReply: Hashable, Sendable {
    /// The model, its versions and its aliases.
    public var model: Model?
    /// What the request resolved to.
    public var version: Version?

    public init(model: Model? = nil, version: Version? = nil) {
      self.model = model
      self.version = version
    }
  }

  /// Asks for every model.
  public struct ListModelsRequest: Hashable, Sendable {
    public init() {}
  }

  /// Every model of the service.
  public struct ListModelsReply: Hashable, Sendable {
    /// In the order of their names.
    public var models: [Model]

    public init(models: [Model] = []) {
      self.models = models
    }
  }
}
