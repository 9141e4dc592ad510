/// A bound that the candidate has to keep at every step, written like `kl<0.05`.
///
/// | gate | what is held against the threshold |
/// |---|---|
/// | `kl<0.05` | KL(stable to candidate) in nats: the mean over units of a unit's mean over its sampled rows |
/// | `agreement>0.95` | the share of rows whose greedy actions agree, averaged likewise |
/// | `value<0.5` | the absolute difference of the values, averaged likewise |
/// | `errors<0.01` | the share of rows that the candidate answers with NaN or infinity, averaged likewise |
/// | `latency<1.5` | the median of the candidate's time over stable's, over pairs of batches of the same rows |
/// | `return>-5` | the candidate's mean return minus stable's, in the return's own units |
///
/// A unit is an episode, or a connection whose queries carry none.
public struct Gate: Hashable, Sendable, CustomStringConvertible {
  public enum Metric: String, CaseIterable, Hashable, Codable, Sendable {
    case kl, agreement, value, errors, latency
    case returns = "return"

    /// The side of its threshold that is good.
    public var relation: Relation {
      switch self {
      case .kl, .value, .errors, .latency: .below
      case .agreement, .returns: .above
      }
    }

    /// Whether its evidence comes from rows that both versions compute.
    public var needsShadow: Bool { self != .returns }

    /// Whether it is averaged over units.
    var isDivergence: Bool { self != .returns && self != .latency }
  }

  public enum Relation: String, Hashable, Codable, Sendable {
    case below = "<"
    case above = ">"
  }

  public let metric: Metric
  public let threshold: Double

  public var relation: Relation { metric.relation }

  public init(_ metric: Metric, _ threshold: Double) {
    self.metric = metric
    self.threshold = threshold
  }

  /// - Parameter text: metric, `<` or `>`, and threshold, with or without spaces between.
  /// - Throws: `PlanError`: code `unreadable` for a text of another form, an unknown metric or its wrong relation, and
  ///   `invalid` for a threshold that every candidate passes or fails.
  public init(_ text: String) throws(PlanError) {
    guard let sign = text.firstIndex(where: { $0 == "<" || $0 == ">" }) else {
      throw PlanError(.unreadable, "gate '\(text)' has no threshold, expected one like kl<0.05")
    }
    let name = Self.trimmed(text[..<sign])
    guard let metric = Metric(rawValue: name) else {
      let known = Metric.allCases.map(\.rawValue).joined(separator: ", ")
      throw PlanError(.unreadable, "gate '\(text)' is about '\(name)'; known are \(known)")
    }
    guard text[sign...].hasPrefix(metric.relation.rawValue) else {
      throw PlanError(
        .unreadable,
        "gate '\(text)' bounds \(name) from the wrong side, expected \(name)\(metric.relation.rawValue)threshold")
    }
    let number = Self.trimmed(text[text.index(after: sign)...])
    guard let threshold = Double(number) else {
      throw PlanError(.unreadable, "gate '\(text)' has the threshold '\(number)', expected a number")
    }
    self.init(metric, threshold)
    try validate()
  }

  /// - Throws: `PlanError` with code `invalid` for a threshold that every candidate passes or fails. That of `return`
  ///   also has to suit the plan's range of returns.
  public func validate() throws(PlanError) {
    let (suits, expected) =
      switch metric {
      case .kl, .value, .latency: (threshold > 0 && threshold <= Self.largest, "above 0 and up to \(Self.largest)")
      case .agreement, .errors: (threshold > 0 && threshold < 1, "between 0 and 1")
      case .returns: (true, "a finite number")
      }
    guard suits, threshold.isFinite else {
      throw PlanError(.invalid, "gate '\(self)' has the threshold \(shortest(threshold)), expected \(expected)")
    }
  }

  /// What is measured and held against a gate is at most this: sums and multiples of it are numbers still.
  static let largest = 1e300

  public var description: String { metric.rawValue + relation.rawValue + shortest(threshold) }

  private static func trimmed(_ text: Substring) -> String {
    let front = text.drop(while: \.isWhitespace)
    let back = front.reversed().drop(while: \.isWhitespace)
    return String(back.reversed())
  }
}

extension Gate: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    do throws(PlanError) {
      try self.init(text)
    } catch {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: error.message)
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
