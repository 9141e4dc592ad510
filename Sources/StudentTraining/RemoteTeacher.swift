public import Learning
public import Neural
public import Registry
public import Wire

/// A served model as a teacher: a query for each of the two slots, both in flight at once on one connection.
public final class RemoteTeacher: TeacherPolicy, Sendable {
  public let client: TeacherClient
  /// The served model's name.
  public let model: String
  public let observationWidth: Int
  public let head: Head
  /// The environment that the model is for.
  public let environment: String
  private let queries: [PolicyQuery]

  /// Asks the service what the model is, and makes ready to query it.
  ///
  /// - Parameter selector: a version that answers every query, or an alias, whose version may change meanwhile.
  /// - Throws: `WireStatus`, as NOT_FOUND for an unknown model; `StudentError` for a model of a kind unknown here.
  public convenience init(
    _ client: TeacherClient, model: String, selector: VersionSelector = .stable
  ) async throws {
    let (version, alias): (UInt64, String) =
      switch selector {
      case .version(let number): (number, "")
      case .alias(let name): (0, name)
      }
    let described = try await client.describe(model: model, version: version, alias: alias)
    guard let policy = described.version?.policy, let head = Head(policy), policy.observationWidth > 0 else {
      throw StudentError(
        .misfit, "teacher \(client.address)/\(model) does not say its spaces in a way this program understands")
    }
    self.init(
      client, model: model, environment: policy.environment, head: head,
      queries: (0..<2).map { _ in
        client.query(
          model: model, version: version, alias: alias, observationWidth: policy.observationWidth,
          parameterWidth: head.parameterWidth)
      })
  }

  private init(_ client: TeacherClient, model: String, environment: String, head: Head, queries: [PolicyQuery]) {
    self.client = client
    self.model = model
    self.environment = environment
    self.head = head
    self.queries = queries
    observationWidth = queries[0].observationWidth
  }

  public func submit(slot: Int, observations: UnsafePointer<Float>, rows: Int) throws {
    try queries[slot].submit(observations, rows: rows)
  }

  public func collect(
    slot: Int, outputs: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>
  ) throws -> UInt64 {
    try queries[slot].wait(outputs: outputs, values: values)
  }

  /// The SHA-256 of versions' artefacts, for a student's lineage.
  public func artefactHashes() async throws -> [UInt64: [UInt8]] {
    let described = try await client.describe(model: model, version: 0, alias: "")
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
