import Wire

/// What can be asked at one moment: an immutable snapshot, handed to every event loop.
struct Catalogue: Sendable {
  struct Model: Sendable {
    var name: String
    var loaded: [LoadedVersion]
    /// Every version that is stored, loaded or not.
    var stored: [UInt64]
    var aliases: [V1.AliasTarget]
  }

  /// In the order of their names.
  var models: [Model] = []
}
