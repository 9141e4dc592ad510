/// What a client may do, by groups of calls.
public struct Scopes: OptionSet, Hashable, Sendable, CustomStringConvertible {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Ask policies, and look at what is served.
  public static let query = Scopes(rawValue: 1)
  /// Bring artefacts in and take them out.
  public static let publish = Scopes(rawValue: 2)
  /// Change what answers.
  public static let operate = Scopes(rawValue: 4)
  public static let all: Scopes = [.query, .publish, .operate]

  private static let names: [(Scopes, String)] = [(.query, "query"), (.publish, "publish"), (.operate, "operate")]

  /// The scope of this name; nil where there is none.
  public init?(named name: String) {
    guard let found = Self.names.first(where: { $0.1 == name }) else { return nil }
    self = found.0
  }

  /// The names, in one order.
  public var description: String {
    let names = Self.names.filter { contains($0.0) }.map(\.1)
    return names.isEmpty ? "nothing" : names.joined(separator: ", ")
  }
}

/// Who is at the other end of a connection, and what they may do.
public struct Access: Sendable {
  /// Tells one grant from another; empty where nobody had to show anything.
  public let id: String
  /// For logs and histories; empty where nobody had to show anything.
  public let name: String
  public let scopes: Scopes
  /// Shared by every connection of the same grant; nil: no limit.
  public let rate: RowRate?

  public init(id: String = "", name: String = "", scopes: Scopes, rate: RowRate? = nil) {
    self.id = id
    self.name = name
    self.scopes = scopes
    self.rate = rate
  }

  public static let everything = Access(scopes: .all)
  public static let nothing = Access(scopes: [])
}

/// Says who may use a server. Asked on event loops: it answers from memory.
public protocol Gatekeeper: Sendable {
  /// - Parameter token: as `Hello` has it; empty where it has none.
  /// - Throws: UNAUTHENTICATED, in words that do not repeat the token.
  func access(token: String) throws(WireStatus) -> Access

  /// Whether what was granted still holds.
  func stillGrants(_ access: Access) -> Bool
}

/// Lets everybody do everything: for loopback, and for who asked for it.
public struct OpenGate: Gatekeeper {
  public init() {}
  public func access(token: String) throws(WireStatus) -> Access { .everything }
  public func stillGrants(_ access: Access) -> Bool { true }
}
