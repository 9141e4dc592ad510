// Enumerations are open: a number that this program does not know stays what it is, so old and new ends talk.

extension V1 {
  /// How an observation's numbers are written.
  public enum ElementType: Hashable, Sendable {
    case fp32, uint8
    case unrecognized(UInt32)
  }

  /// How the server chooses actions.
  public enum ActionMode: Hashable, Sendable {
    case noActions, greedy, sampled
    case unrecognized(UInt32)
  }

  /// What an output row means: logits, means and log standard deviations, or Q values.
  public enum Head: Hashable, Sendable {
    case categorical, gaussian, qValues
    case unrecognized(UInt32)
  }

  /// What stands between the layers.
  public enum Activation: Hashable, Sendable {
    case tanh, relu
    case unrecognized(UInt32)
  }

  /// Whether queries can reach a version.
  public enum VersionState: Hashable, Sendable {
    case stored, loading, loaded, failed
    case unrecognized(UInt32)
  }

  /// As `grpc.health.v1.HealthCheckResponse.ServingStatus`; `serviceUnknown` is said only in a watch.
  public enum Serving: Hashable, Sendable {
    case unknown, serving, notServing, serviceUnknown
    case unrecognized(UInt32)
  }

  /// What a ``RolloutRequest`` asks for.
  public enum RolloutAction: Hashable, Sendable {
    case status, start, pause, resume, promote, abort, rollback, history
    case unrecognized(UInt32)
  }

  /// What a reply carries.
  public struct Wanted: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The head's parameters.
    public static let outputs = Wanted(rawValue: 1)
    public static let values = Wanted(rawValue: 2)
    public static let actions = Wanted(rawValue: 4)
    public static let features = Wanted(rawValue: 8)
    /// What an empty set stands for on the wire.
    public static let usual: Wanted = [.outputs, .values]
  }
}

/// An enumeration whose cases stand in the order of their numbers.
protocol OpenEnumeration: Equatable {
  static var known: [Self] { get }
  static func unrecognized(_ raw: UInt32) -> Self
  var unrecognizedRaw: UInt32? { get }
}

extension OpenEnumeration {
  init(raw: UInt32) {
    self = raw < Self.known.count ? Self.known[Int(raw)] : .unrecognized(raw)
  }

  var raw: UInt32 {
    unrecognizedRaw ?? UInt32(Self.known.firstIndex(of: self) ?? 0)
  }
}

extension V1.ElementType: OpenEnumeration {
  static let known: [Self] = [.fp32, .uint8]
  var unrecognizedRaw: UInt32? { if case .unrecognized(let raw) = self { raw } else { nil } }
}

extension V1.ActionMode: OpenEnumeration {
  static let known: [Self] = [.noActions, .greedy, .sampled]
  var unrecognizedRaw: UInt32? { if case .unrecognized(let raw) = self { raw } else { nil } }
}

extension V1.Head: OpenEnumeration {
  static let known: [Self] = [.categorical, .gaussian, .qValues]
  var unrecognizedRaw: UInt32? { if case .unrecognized(let raw) = self { raw } else { nil } }
}

extension V1.Activation: OpenEnumeration {
  static let known: [Self] = [.tanh, .relu]
  var unrecognizedRaw: UInt32? { if case .unrecognized(let raw) = self { raw } else { nil } }
}

extension V1.VersionState: OpenEnumeration {
  static let known: [Self] = [.stored, .loading, .loaded, .failed]
  var unrecognizedRaw: UInt32? { if case .unrecognized(let raw) = self { raw } else { nil } }
}

extension V1.Serving: OpenEnumeration {
  static let known: [Self] = [.unknown, .serving, .notServing, .serviceUnknown]
  var unrecognizedRaw: UInt32? { if case .unrecognized(let raw) = self { raw } else { nil } }
}

extension V1.RolloutAction: OpenEnumeration {
  static let known: [Self] = [.status, .start, .pause, .resume, .promote, .abort, .rollback, .history]
  var unrecognizedRaw: UInt32? { if case .unrecognized(let raw) = self { raw } else { nil } }
}
