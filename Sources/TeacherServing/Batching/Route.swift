import Wire

/// A model's name on one event loop, and the lanes that its words lead to.
final class Route {
  let name: [UInt8]
  /// The same where it lies still, for as long as the route.
  private let nameBytes: UnsafeMutableRawBufferPointer
  /// What answers a query that names neither version nor alias.
  let stable: Lane?
  let lanes: [Lane]
  private let aliases: [(name: [UInt8], lane: Lane)]
  private let model: Catalogue.Model

  init(_ model: Catalogue.Model, lanes: [Lane]) {
    self.model = model
    self.lanes = lanes
    name = Array(model.name.utf8)
    nameBytes = .allocate(byteCount: name.count, alignment: 1)
    nameBytes.copyBytes(from: name)
    aliases = model.aliases.compactMap { target in
      lanes.first { $0.number == target.version }.map { (Array(target.alias.utf8), $0) }
    }
    stable = aliases.first { $0.name.elementsEqual("stable".utf8) }?.lane
  }

  deinit {
    nameBytes.deallocate()
  }

  /// What answers a query that names the model alone, as the event loop remembers it from one query to the next: found
  /// again without counting a reference. Not to be kept longer than the route.
  struct PlainTarget {
    fileprivate let name: UnsafeRawBufferPointer
    let lane: Unmanaged<Lane>

    @inline(__always)
    func isNamed(_ bytes: UnsafeRawBufferPointer) -> Bool {
      guard bytes.count == name.count else { return false }
      for index in 0..<bytes.count where bytes[index] != name[index] { return false }
      return true
    }
  }

  var plainTarget: PlainTarget? {
    stable.map { PlainTarget(name: UnsafeRawBufferPointer(nameBytes), lane: .passUnretained($0)) }
  }

  func isNamed(_ bytes: UnsafeRawBufferPointer) -> Bool { name.elementsEqual(bytes) }

  /// The lane of a query that is not answered by `stable` as it comes: a pinned version, else the version that the lease
  /// names where it is loaded, else the alias.
  ///
  /// - Returns: `leaseMoved`: the lease's version is gone, and another one answers.
  func lane(
    version: UInt64, lease: UInt64, alias: UnsafeRawBufferPointer
  ) throws(WireStatus) -> (lane: Lane, leaseMoved: Bool) {
    if version != 0 {
      guard alias.isEmpty else {
        throw WireStatus(.invalidArgument, "version \(version) and an alias together, expected at most one of them")
      }
      if let lane = lanes.first(where: { $0.number == version }) { return (lane, false) }
      throw unavailable(version)
    }
    if lease != 0, let lane = lanes.first(where: { $0.number == lease }) { return (lane, false) }
    return (try lane(alias: alias), lease != 0)
  }

  private func lane(alias: UnsafeRawBufferPointer) throws(WireStatus) -> Lane {
    if alias.isEmpty, let stable { return stable }
    if let found = aliases.first(where: { $0.name.elementsEqual(alias) }) { return found.lane }
    let asked = alias.isEmpty ? "stable" : String(decoding: alias, as: UTF8.self).shortened
    if let target = model.aliases.first(where: { $0.alias == asked }) { throw unavailable(target.version) }
    let known = model.aliases.map(\.alias).joined(separator: ", ")
    throw WireStatus(
      .notFound, "model \(model.name) has no alias \(asked), expected one of: \(known.isEmpty ? "none" : known)")
  }

  private func unavailable(_ version: UInt64) -> WireStatus {
    let loaded = lanes.map { "\($0.number)" }.joined(separator: ", ")
    guard model.stored.contains(version) else {
      return WireStatus(
        .notFound, "model \(model.name) has no version \(version), expected one of the loaded: \(loaded)")
    }
    return WireStatus(
      .failedPrecondition,
      "version \(version) of model \(model.name) is stored but not loaded (describe it, and it is), "
        + "expected one of the loaded: \(loaded)")
  }
}
