// Messages about queries, as proto/docent/v1/docent.proto defines them.
extension V1 {
  /// Observations in; the head's parameters, and values, out.
  ///
  /// Observations travel raw: the server applies the version's normalizer.
  public struct InferRequest: Hashable, Sendable {
    /// The model's name.
    public var model: String
    /// Observations in this request.
    public var rows: Int
    /// Little-endian, row-major: rows x observation width of `elementType`.
    public var observations: [UInt8]
    /// The version that must answer; 0: not pinned.
    public var version: UInt64
    /// The alias whose version answers; empty, and no version given: `stable`.
    public var alias: String
    /// Microseconds left when the frame was written; 0: none.
    public var deadlineMicroseconds: UInt64
    /// How an observation's numbers are written.
    public var elementType: ElementType
    /// What the reply carries; nothing named means parameters and values.
    public var want: Wanted
    /// The episode that this query belongs to; 0: none.
    public var episode: UInt64
    /// The version that answered this episode's first query; 0: none.
    public var leaseVersion: UInt64
    /// The oldest version that may answer; 0: any.
    public var minimumVersion: UInt64
    /// How actions are chosen, where they are wanted.
    public var actionMode: ActionMode
    /// The same seed gives the same sampled actions.
    public var actionSeed: UInt64
    /// The hidden layer whose activations are wanted.
    public var featuresLayer: String

    public init(
      model: String = "", rows: Int = 0, observations: [UInt8] = [], version: UInt64 = 0, alias: String = "",
      deadlineMicroseconds: UInt64 = 0, elementType: ElementType = .fp32, want: Wanted = [], episode: UInt64 = 0,
      leaseVersion: UInt64 = 0, minimumVersion: UInt64 = 0, actionMode: ActionMode = .noActions,
      actionSeed: UInt64 = 0, featuresLayer: String = ""
    ) {
      self.model = model
      self.rows = rows
      self.observations = observations
      self.version = version
      self.alias = alias
      self.deadlineMicroseconds = deadlineMicroseconds
      self.elementType = elementType
      self.want = want
      self.episode = episode
      self.leaseVersion = leaseVersion
      self.minimumVersion = minimumVersion
      self.actionMode = actionMode
      self.actionSeed = actionSeed
      self.featuresLayer = featuresLayer
    }
  }

  /// One version's answer to a query.
  public struct InferReply: Hashable, Sendable {
    /// The version that computed every row of this reply.
    public var version: UInt64
    /// As many as were asked.
    public var rows: Int
    /// Rows x parameter width: categorical logits; a Gaussian's means, then its log standard deviations; Q
    /// values.
    public var outputs: [Float]
    /// One a row.
    public var values: [Float]
    /// Discrete: rows of int32; continuous: rows x action width of fp32.
    public var actions: [UInt8]
    /// Rows x the layer's width.
    public var features: [Float]
    /// The lease's version is gone; another one answered.
    public var leaseMoved: Bool

    public init(
      version: UInt64 = 0, rows: Int = 0, outputs: [Float] = [], values: [Float] = [], actions: [UInt8] = [],
      features: [Float] = [], leaseMoved: Bool = false
    ) {
      self.version = version
      self.rows = rows
      self.outputs = outputs
      self.values = values
      self.actions = actions
      self.features = features
      self.leaseMoved = leaseMoved
    }
  }
}
