public import Neural
public import Wire

/// Where versions live. Serving knows neither files nor SQL: the executable hands it this.
///
/// Functions are called off the event loops, one change at a time, and what only reads beside it. They throw `WireStatus` for what the caller did; any
/// other error is INTERNAL to the caller.
public protocol VersionStore: Sendable {
  /// Every model, its versions oldest first, its aliases by name. `state` and `failure` are the service's to fill in.
  func models() async throws -> [V1.Model]

  /// A number that changes when anybody but this store has changed what it reads. Cheap: it is asked some times a second, and
  /// before every control call.
  func foreignChanges() async throws -> Int64

  /// A version's policy, checked: the artefact's SHA-256, and the golden rows recomputed.
  func load(model: String, version: UInt64) async throws -> InferencePolicy

  /// What a fetch begins with: the version's record and golden rows, its artefact checked against its SHA-256.
  func fetch(model: String, version: UInt64) async throws -> V1.FetchHeader

  /// The next bytes of a version's artefact, at least one of them; `offset` is below its size.
  func artefactBytes(model: String, version: UInt64, from offset: Int) async throws -> [UInt8]

  /// Stores a version durably, checked as ``load(model:version:)`` does, or throws and leaves everything as it was.
  /// The artefact has the header's size and SHA-256. A model's first publish makes its alias `stable`; a later one
  /// moves none. A request identifier that was seen before stores nothing and returns the version that it made.
  func publish(_ header: V1.PublishHeader, artefact: [UInt8], who: String) async throws -> Publication

  /// Moves, makes or (version 0) removes an alias, durably, with a line in its history. A request identifier that was
  /// seen before moves nothing and replies what it replied.
  ///
  /// - Returns: the reply, and all aliases of the model as they are now.
  func moveAlias(
    _ request: V1.AliasRequest, who: String
  ) async throws -> (reply: V1.AliasReply, aliases: [V1.AliasTarget])

  /// Oldest first. NOT_FOUND for a model that is not there.
  func history(of model: String) async throws -> [V1.AliasChange]

  /// Recomputes every hash and golden row of a model, or with an empty name of all. Takes long, and holds up nothing
  /// else. A result for each version; without a version, a problem of the model; without both, one of the store.
  func verify(model: String) async throws -> [V1.VerifyResult]
}

/// A version that is stored.
public struct Publication: Sendable {
  public var version: V1.Version
  public var policy: InferencePolicy
  /// All aliases of the model.
  public var aliases: [V1.AliasTarget]

  public init(version: V1.Version, policy: InferencePolicy, aliases: [V1.AliasTarget]) {
    self.version = version
    self.policy = policy
    self.aliases = aliases
  }
}
