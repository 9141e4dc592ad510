import NIOCore
import Wire

/// What can be asked at one moment: an immutable snapshot, handed to every event loop.
struct Catalogue: Sendable {
  struct Model: Sendable {
    var name: String
    var loaded: [LoadedVersion]
    /// Every version that is stored, loaded or not.
    var stored: [UInt64]
    var aliases: [V1.AliasTarget]
    /// Shares the traffic of `stable` where its candidate is loaded.
    var rollout: CatalogueRollout?
    /// Versions that were rolled back: they honour no lease.
    var withdrawn: Set<UInt64> = []
    /// When a version stops honouring leases; one that is not here, and loaded, honours them.
    var leaseEnds: [UInt64: NIODeadline] = [:]
  }

  /// In the order of their names.
  var models: [Model] = []
}
