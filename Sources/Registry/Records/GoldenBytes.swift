/// A few observations and what the publisher's own forward pass gave for them, kept with each version so that whoever
/// loads it can recompute them. The registry stores bytes: little-endian fp32, row-major.
public struct GoldenBytes: Hashable, Sendable {
  public var rows: Int
  /// rows x observation width.
  public var observations: [UInt8]
  /// rows x the head's parameter width.
  public var outputs: [UInt8]
  /// rows.
  public var values: [UInt8]

  public init(rows: Int, observations: [UInt8], outputs: [UInt8], values: [UInt8]) {
    self.rows = rows
    self.observations = observations
    self.outputs = outputs
    self.values = values
  }
}
