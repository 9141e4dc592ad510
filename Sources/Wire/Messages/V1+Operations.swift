// Messages about health, aliases and verification, as proto/docent/v1/docent.proto defines them.
extension V1 {
  /// As grpc.health.v1.
  public struct HealthRequest: Hashable, Sendable {
    /// Empty: the whole service.
    public var model: String
    /// Answer again at every change.
    public var watch: Bool

    public init(model: String = "", watch: Bool = false) {
      self.model = model
      self.watch = watch
    }
  }

  /// As grpc.health.v1.
  public struct HealthReply: Hashable, Sendable {
    /// Whether queries are answered.
    public var serving: Serving

    public init(serving: Serving = .unknown) {
      self.serving = serving
    }
  }

  /// Moves, makes or removes an alias.
  public struct AliasRequest: Hashable, Sendable {
    /// The model's name.
    public var model: String
    /// The alias's name.
    public var alias: String
    /// Where it points from now on; 0: the alias is removed.
    public var version: UInt64
    /// Kept in the history.
    public var reason: String
    /// The same identifier again does nothing and answers the same.
    public var requestID: String

    public init(
      model: String = "", alias: String = "", version: UInt64 = 0, reason: String = "", requestID: String = ""
    ) {
      self.model = model
      self.alias = alias
      self.version = version
      self.reason = reason
      self.requestID = requestID
    }
  }

  /// The move that was made.
  public struct AliasReply: Hashable, Sendable {
    /// 0: there was none.
    public var from: UInt64
    /// 0: it is removed.
    public var to: UInt64

    public init(from: UInt64 = 0, to: UInt64 = 0) {
      self.from = from
      self.to = to
    }
  }

  /// Asks for every change of a model's aliases.
  public struct HistoryRequest: Hashable, Sendable {
    /// The model's name.
    public var model: String

    public init(model: String = "") {
      self.model = model
    }
  }

  /// One line of the aliases' history.
  public struct AliasChange: Hashable, Sendable {
    /// The alias that changed.
    public var alias: String
    /// 0: there was none.
    public var from: UInt64
    /// 0: it was removed.
    public var to: UInt64
    /// Who asked.
    public var who: String
    /// Since 1970-01-01 UTC.
    public var whenMicroseconds: Int64
    /// Why, in the words of who asked.
    public var reason: String

    public init(
      alias: String = "", from: UInt64 = 0, to: UInt64 = 0, who: String = "", whenMicroseconds: Int64 = 0,
      reason: String = ""
    ) {
      self.alias = alias
      self.from = from
      self.to = to
      self.who = who
      self.whenMicroseconds = whenMicroseconds
      self.reason = reason
    }
  }

  /// Every change of a model's aliases.
  public struct HistoryReply: Hashable, Sendable {
    /// Oldest first.
    public var changes: [AliasChange]

    public init(changes: [AliasChange] = []) {
      self.changes = changes
    }
  }

  /// Recomputes every artefact's SHA-256 and golden outputs.
  public struct VerifyRequest: Hashable, Sendable {
    /// Empty: all of them.
    public var model: String

    public init(model: String = "") {
      self.model = model
    }
  }

  /// What recomputing found of one version.
  public struct VerifyResult: Hashable, Sendable {
    /// The model's name.
    public var model: String
    /// The version.
    public var version: UInt64
    /// Nothing is wrong.
    public var ok: Bool
    /// What is.
    public var problem: String

    public init(model: String = "", version: UInt64 = 0, ok: Bool = false, problem: String = "") {
      self.model = model
      self.version = version
      self.ok = ok
      self.problem = problem
    }
  }

  /// What recomputing found.
  public struct VerifyReply: Hashable, Sendable {
    /// One a version.
    public var results: [VerifyResult]

    public init(results: [VerifyResult] = []) {
      self.results = results
    }
  }
}
