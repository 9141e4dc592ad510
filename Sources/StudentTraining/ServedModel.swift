public import Neural
public import Registry
public import Wire

/// A model behind a service, as its description says.
public struct ServedModel: Sendable {
  public let client: TeacherClient
  /// The served model's name.
  public let name: String
  public let observationWidth: Int
  public let head: Head
  /// The environment that the model is for.
  public let environment: String
  private let version: UInt64
  private let alias: String
  private let patience: Duration?

  /// Asks the service what the model is.
  ///
  /// - Parameters:
  ///   - selector: a version that answers every query, or an alias, whose version may change meanwhile.
  ///   - patience: how long a query may take, in which a service that is gone may come back; nil: a query fails when the
  ///     client finds no service.
  /// - Throws: `WireStatus`, as NOT_FOUND for an unknown model; `StudentError` for a model of a kind unknown here.
  public init(_ client: TeacherClient, model: String, selector: VersionSelector = .stable, patience: Duration? = nil)
    async throws
  {
    (version, alias) =
      switch selector {
      case .version(let number): (number, "")
      case .alias(let name): (0, name)
      }
    let described = try await client.describe(model: model, version: version, alias: alias)
    guard let policy = described.version?.policy, let head = Head(policy), policy.observationWidth > 0 else {
      throw StudentError(
        .misfit, "teacher \(client.address)/\(model) does not say its spaces in a way this program understands")
    }
    self.client = client
    self.patience = patience
    name = model
    environment = policy.environment
    observationWidth = policy.observationWidth
    self.head = head
  }

  /// A query of its own, for one thread at a time.
  func makeQuery() -> PolicyQuery {
    client.query(
      model: name, version: version, alias: alias, observationWidth: observationWidth,
      parameterWidth: head.parameterWidth, timeout: patience, waitForReady: patience == nil ? nil : true)
  }

  /// The SHA-256 of versions' artefacts, for a student's lineage.
  public func artefactHashes() async throws -> [UInt64: [UInt8]] {
    let described = try await client.describe(
      model: name, timeout: patience, waitForReady: patience == nil ? nil : true)
    let versions = described.model?.versions ?? []
    return Dictionary(versions.map { ($0.number, $0.sha256) }) { first, _ in first }
  }
}

extension Head {
  /// The head of a described policy; nil for one that this program does not know.
  init?(_ policy: V1.Policy) {
    guard policy.actionWidth > 0 else { return nil }
    switch policy.head {
    case .categorical: self = .categorical(actions: policy.actionWidth)
    case .qValues: self = .qValues(actions: policy.actionWidth)
    case .gaussian:
      self = .gaussian(dimensions: policy.actionWidth, low: policy.actionLow, high: policy.actionHigh)
    case .unrecognized: return nil
    }
  }
}
