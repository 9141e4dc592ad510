import Neural
import Wire

/// What few queries ask beside parameters and values of fp32 observations.
struct QueryExtras {
  var actions: ActionMode?
  var layer: HiddenLayer?
  /// The lease's version is gone; another one answers.
  var leaseMoved = false
  /// Observations travel as uint8.
  var isUInt8 = false

  init() {}

  /// - Throws: ``WireStatus`` where the query asks for what the version does not have, or says two things at once.
  init(_ query: InferRequestView, of version: LoadedVersion) throws(WireStatus) {
    switch query.elementType {
    case .fp32: break
    case .uint8: isUInt8 = true
    case .unrecognized(let number):
      throw WireStatus(.unimplemented, "element type \(number), expected fp32 (0) or uint8 (1)")
    }
    guard query.want.isSubset(of: [.outputs, .values, .actions, .features]) else {
      throw WireStatus(
        .unimplemented,
        "wanted bits \(query.want.rawValue), expected some of 1 (outputs), 2 (values), 4 (actions), "
          + "8 (features)")
    }
    actions = try Self.actions(query)
    layer = try Self.layer(query, of: version)
  }

  private static func actions(_ query: InferRequestView) throws(WireStatus) -> ActionMode? {
    let isWanted = query.want.contains(.actions)
    switch query.actionMode {
    case .noActions where isWanted:
      throw WireStatus(.invalidArgument, "actions are wanted without an action mode, expected GREEDY or SAMPLED")
    case .noActions: return nil
    case .unrecognized(let number):
      throw WireStatus(.unimplemented, "action mode \(number), expected GREEDY (1) or SAMPLED (2)")
    case .greedy, .sampled:
      guard isWanted else {
        throw WireStatus(.invalidArgument, "an action mode without wanting actions, expected bit 4 in `want`")
      }
      return query.actionMode == .greedy ? .greedy : .sampled(seed: query.actionSeed)
    }
  }

  private static func layer(_ query: InferRequestView, of version: LoadedVersion) throws(WireStatus) -> HiddenLayer? {
    // No layer's name is longer, and no message repeats more.
    let name = String(decoding: query.featuresLayer.prefix(256), as: UTF8.self)
    guard query.want.contains(.features) else {
      guard name.isEmpty else {
        throw WireStatus(
          .invalidArgument, "a layer \"\(name.shortened)\" without wanting features, expected bit 8 in `want`")
      }
      return nil
    }
    if let layer = version.policy.hiddenLayer(named: name) { return layer }
    let known = version.policy.hiddenLayers.map(\.name).joined(separator: ", ")
    throw WireStatus(
      .invalidArgument,
      "features of layer \"\(name.shortened)\", expected one of: \(known.isEmpty ? "none, it has no hidden layers" : known)"
    )
  }

  /// Nothing that the batch has to know of.
  var isEmpty: Bool { actions == nil && layer == nil && !leaseMoved }
}
