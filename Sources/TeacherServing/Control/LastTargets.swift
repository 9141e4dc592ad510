import Wire

/// Where a model's aliases last led queries.
///
/// The store may come to say that an alias points to a version that cannot be loaded (another program moves it without
/// asking the service): queries then go on where they went.
struct LastTargets {
  private var versions: [String: UInt64] = [:]

  /// Versions that must stay loaded, since an alias may still lead to them.
  var all: Set<UInt64> { Set(versions.values) }

  /// Where the aliases lead now: where the store says, or where that is not loaded, where they led before.
  func served(_ aliases: [V1.AliasTarget], isLoaded: (UInt64) -> Bool) -> [V1.AliasTarget] {
    aliases.map { target in
      guard !isLoaded(target.version), let last = versions[target.alias], isLoaded(last) else { return target }
      return V1.AliasTarget(alias: target.alias, version: last)
    }
  }

  /// - Parameter served: what every event loop is about to lead queries by.
  mutating func remember(_ served: [V1.AliasTarget], isLoaded: (UInt64) -> Bool) {
    versions = [:]
    for target in served where isLoaded(target.version) { versions[target.alias] = target.version }
  }
}
