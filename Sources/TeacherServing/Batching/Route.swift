import NIOCore
import RolloutControl
import Wire

/// A model's name on one event loop, and the lanes that its words lead to.
final class Route {
  let name: [UInt8]
  /// The same where it lies still, for as long as the route.
  private let nameBytes: UnsafeMutableRawBufferPointer
  /// What answers a query that names neither version nor alias.
  let stable: Lane?
  let lanes: [Lane]
  /// What the queries of `stable` are shared by; nil where they are not.
  let split: RolloutSplit?
  private let aliases: [(name: [UInt8], lane: Lane)]
  private let model: Catalogue.Model
  /// What honours leases of its version, as long as this route is there.
  private let lasting: [(number: UInt64, lane: Unmanaged<Lane>)]

  /// - Parameter before: the split of this model so far, kept where it goes on.
  init(_ model: Catalogue.Model, lanes: [Lane], splitBefore before: RolloutSplit? = nil) {
    self.model = model
    self.lanes = lanes
    name = Array(model.name.utf8)
    nameBytes = .allocate(byteCount: name.count, alignment: 1)
    nameBytes.copyBytes(from: name)
    aliases = model.aliases.compactMap { target in
      lanes.first { $0.number == target.version }.map { (Array(target.alias.utf8), $0) }
    }
    stable = aliases.first { $0.name.elementsEqual("stable".utf8) }?.lane
    split = Self.split(model, lanes, before)
    lasting = lanes.filter { !model.withdrawn.contains($0.number) && model.leaseEnds[$0.number] == nil }
      .map { ($0.number, .passUnretained($0)) }
  }

  /// A rollout has no say where one of its versions is not loaded or was withdrawn, or where `stable` points to neither:
  /// the alias is the operators' word.
  private static func split(_ model: Catalogue.Model, _ lanes: [Lane], _ before: RolloutSplit?) -> RolloutSplit? {
    guard let rollout = model.rollout, !model.withdrawn.contains(rollout.candidate),
      let target = model.aliases.first(where: { $0.alias == "stable" })?.version,
      target == rollout.baseline || target == rollout.candidate,
      let stable = lanes.first(where: { $0.number == rollout.baseline }),
      let candidate = lanes.first(where: { $0.number == rollout.candidate })
    else { return nil }
    if let before, before.adopt(rollout, stable: stable, candidate: candidate) { return before }
    return RolloutSplit(rollout, stable: stable, candidate: candidate)
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
    func isNamed(_ bytes: UnsafeRawBufferPointer) -> Bool { Route.isSame(bytes, name) }
  }

  /// The same of a model whose queries a rollout shares.
  struct SharedTarget {
    fileprivate let name: UnsafeRawBufferPointer
    let split: Unmanaged<RolloutSplit>

    @inline(__always)
    func isNamed(_ bytes: UnsafeRawBufferPointer) -> Bool { Route.isSame(bytes, name) }
  }

  /// The same of a model whose queries come under leases.
  struct LeasedTarget {
    fileprivate let name: UnsafeRawBufferPointer
    private let lasting: [(number: UInt64, lane: Unmanaged<Lane>)]
    let split: Unmanaged<RolloutSplit>?

    fileprivate init(_ route: Route) {
      name = UnsafeRawBufferPointer(route.nameBytes)
      lasting = route.lasting
      split = route.split.map { .passUnretained($0) }
    }

    @inline(__always)
    func isNamed(_ bytes: UnsafeRawBufferPointer) -> Bool { Route.isSame(bytes, name) }

    /// nil where the lease is not honoured, or not for as long as the route is there.
    @inline(__always)
    func lane(lease: UInt64) -> Unmanaged<Lane>? {
      for (number, lane) in lasting where number == lease { return lane }
      return nil
    }
  }

  var leasedTarget: LeasedTarget { LeasedTarget(self) }

  @inline(__always)
  private static func isSame(_ bytes: UnsafeRawBufferPointer, _ name: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count == name.count else { return false }
    for index in 0..<bytes.count where bytes[index] != name[index] { return false }
    return true
  }

  var sharedTarget: SharedTarget? {
    split.map { SharedTarget(name: UnsafeRawBufferPointer(nameBytes), split: .passUnretained($0)) }
  }

  /// nil while a rollout shares the queries of `stable`.
  var plainTarget: PlainTarget? {
    guard split == nil else { return nil }
    return stable.map { PlainTarget(name: UnsafeRawBufferPointer(nameBytes), lane: .passUnretained($0)) }
  }

  func isNamed(_ bytes: UnsafeRawBufferPointer) -> Bool { name.elementsEqual(bytes) }

  // MARK: Precedence

  /// What answers a query.
  enum Choice {
    /// What the query names: a pinned version, or an alias that no rollout shares.
    case named(Lane, leaseMoved: Bool = false)
    /// The version that the query's episode began with.
    case leased(Lane)
    /// One of a rollout's versions, by its share of what begins.
    case shared(RolloutSplit, leaseMoved: Bool)

    var split: RolloutSplit? { if case .shared(let split, _) = self { split } else { nil } }

    var leaseMoved: Bool {
      switch self {
      case .named(_, let moved), .shared(_, let moved): moved
      case .leased: false
      }
    }

    /// - Parameter arm: whose the query's unit is, where a rollout's share decides.
    func lane(of arm: Arm?) -> Lane {
      switch self {
      case .named(let lane, _), .leased(let lane): lane
      case .shared(let split, _): split.lane(arm ?? .stable)
      }
    }
  }

  /// A pinned version; else the version of the lease, where it is honoured; else, for `stable`, the rollout's share; else
  /// the alias. Where a lease is not honoured, the choice says that it moved.
  ///
  /// - Parameter now: of the event loop's clock; asked only of a lease that has an end.
  func choose(
    version: UInt64, lease: UInt64, alias: UnsafeRawBufferPointer, now: @autoclosure () -> NIODeadline
  ) throws(WireStatus) -> Choice {
    if version != 0 {
      guard alias.isEmpty else {
        throw WireStatus(.invalidArgument, "version \(version) and an alias together, expected at most one of them")
      }
      if let lane = lanes.first(where: { $0.number == version }) { return .named(lane) }
      throw unavailable(version)
    }
    if lease != 0, let lane = honours(lease, now: now()) { return .leased(lane) }
    if let split, alias.isEmpty || alias.elementsEqual("stable".utf8) { return .shared(split, leaseMoved: lease != 0) }
    return .named(try lane(alias: alias), leaseMoved: lease != 0)
  }

  private func honours(_ lease: UInt64, now: @autoclosure () -> NIODeadline) -> Lane? {
    guard !model.withdrawn.contains(lease), let lane = lanes.first(where: { $0.number == lease }) else { return nil }
    if let end = model.leaseEnds[lease], end <= now() { return nil }
    return lane
  }

  private func lane(alias: UnsafeRawBufferPointer) throws(WireStatus) -> Lane {
    if alias.isEmpty, let stable { return stable }
    if let found = aliases.first(where: { $0.name.elementsEqual(alias) }) { return found.lane }
    let asked = alias.isEmpty ? "stable" : String(decoding: alias.prefix(256), as: UTF8.self).shortened
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
