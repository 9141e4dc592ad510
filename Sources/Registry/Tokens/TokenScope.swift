/// What a token allows its bearer to do.
public enum TokenScope: String, CaseIterable, Sendable {
  /// Ask policies, and look at what is served.
  case query
  /// Add versions.
  case publish
  /// Move aliases, and whatever else changes what is served.
  case operate
}

extension Set<TokenScope> {
  /// In the order of `TokenScope`'s cases, for people and for records.
  public var ordered: [TokenScope] { TokenScope.allCases.filter(contains) }
}
