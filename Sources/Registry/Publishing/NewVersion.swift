/// What is published with an artefact.
public struct NewVersion: Hashable, Sendable {
  /// Follows `RegistryName`'s rule. The model is made by its first version.
  public var model: String
  /// A JSON object.
  public var architectureJSON: String
  public var fingerprint: ContentHash?
  public var lineage: Lineage
  public var golden: GoldenBytes?
  /// The same id again publishes nothing and answers with the version that it made the first time.
  public var requestID: String?

  public init(
    model: String, architectureJSON: String, fingerprint: ContentHash? = nil, lineage: Lineage = Lineage(),
    golden: GoldenBytes? = nil, requestID: String? = nil
  ) {
    self.model = model
    self.architectureJSON = architectureJSON
    self.fingerprint = fingerprint
    self.lineage = lineage
    self.golden = golden
    self.requestID = requestID
  }
}
