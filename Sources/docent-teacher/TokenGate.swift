import Registry
import Synchronization
import Wire

/// Lets in who has a token of the registry, to do what its scopes say.
final class TokenGate: Gatekeeper {
  private struct State {
    var table: TokenTable
    var valid: Set<String>
    /// One a token: all its connections share its rate.
    var rates: [String: RowRate]
  }

  private let state: Mutex<State>

  init(_ records: [TokenRecord]) {
    state = Mutex(Self.state(records, keeping: [:]))
  }

  var isEmpty: Bool { state.withLock { $0.valid.isEmpty } }

  /// From now on these are the tokens.
  func adopt(_ records: [TokenRecord]) {
    state.withLock { $0 = Self.state(records, keeping: $0.rates) }
  }

  private static func state(_ records: [TokenRecord], keeping rates: [String: RowRate]) -> State {
    let valid = records.filter { !$0.isRevoked }
    return State(
      table: TokenTable(records), valid: Set(valid.map(\.id)),
      rates: Dictionary(
        uniqueKeysWithValues: valid.compactMap { record in
          record.rowsPerSecond.map { (record.id, rates[record.id] ?? RowRate(rowsPerSecond: $0)) }
        }))
  }

  func access(token: String) throws(WireStatus) -> Access {
    guard !token.isEmpty else {
      throw WireStatus(
        .unauthenticated,
        "Hello without a token, expected one (docent tokens create makes it; clients take it from DOCENT_TOKEN)")
    }
    let (found, rate) = state.withLock { state in
      let found = state.table.find(token)
      return (found, found.flatMap { state.rates[$0.id] })
    }
    guard let found else { throw WireStatus(.unauthenticated, "the token is not valid, expected one that is") }
    return Access(id: found.id, name: found.name, scopes: Scopes(found.scopes), rate: rate)
  }

  func stillGrants(_ access: Access) -> Bool {
    state.withLock { $0.valid.contains(access.id) }
  }
}

extension Scopes {
  init(_ scopes: Set<TokenScope>) {
    self = []
    for scope in scopes {
      switch scope {
      case .query: insert(.query)
      case .publish: insert(.publish)
      case .operate: insert(.operate)
      }
    }
  }
}
