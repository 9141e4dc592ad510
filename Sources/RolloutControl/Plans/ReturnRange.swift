/// The least and the largest return that an episode of the model can have.
public struct ReturnRange: Hashable, Codable, Sendable {
  public var low: Double
  public var high: Double

  public init(low: Double, high: Double) {
    self.low = low
    self.high = high
  }

  public var width: Double { high - low }

  public func contains(_ value: Double) -> Bool { value >= low && value <= high }
}
