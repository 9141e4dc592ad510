/// The environments that this build has.
public enum EnvironmentCatalog {
  private static let makers: [(spec: EnvironmentSpec, make: @Sendable (Int) -> any VectorEnvironment)] = [
    (CartPole.spec, { IndependentEnvironments<CartPole>(count: $0) })
  ]

  /// Every environment, in the order of its listing.
  public static var all: [EnvironmentSpec] { makers.map(\.spec) }

  /// Throws `EnvironmentError` with the known names where there is no such environment.
  public static func spec(id: String) throws -> EnvironmentSpec { try entry(id).spec }

  /// `count` environments of one kind. They have episodes running from the start (seeds 0, 1, ...), but no observation
  /// was seen: `reset` them first. Throws `EnvironmentError` for an unknown name or a count below 1.
  public static func make(id: String, count: Int) throws -> any VectorEnvironment {
    let entry = try entry(id)
    guard count > 0 else {
      throw EnvironmentError(code: .invalid, message: "\(count) environments were asked for; at least 1 is needed")
    }
    return entry.make(count)
  }

  private static func entry(_ id: String) throws -> (spec: EnvironmentSpec, make: (Int) -> any VectorEnvironment) {
    guard let entry = makers.first(where: { $0.spec.id == id }) else {
      let known = makers.map(\.spec.id).joined(separator: ", ")
      throw EnvironmentError(code: .notFound, message: "unknown environment '\(id)'; there are: \(known)")
    }
    return entry
  }
}

public struct EnvironmentError: Error, CustomStringConvertible, Sendable {
  public struct Code: Hashable, Sendable {
    private enum Kind { case notFound, invalid }
    private let kind: Kind
    /// No environment of that name.
    public static let notFound = Code(kind: .notFound)
    /// An argument that makes no sense.
    public static let invalid = Code(kind: .invalid)
  }

  public let code: Code
  /// What was wrong, and what was expected.
  public let message: String
  public var description: String { message }
}
