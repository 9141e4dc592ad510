public import Registry

/// A model and the version of it that is meant, as commands take them: `NAME`, `NAME@ALIAS` or `NAME#VERSION`.
/// Without an alias or a version it is the alias `stable`.
public struct ModelSelection: Hashable, Sendable, CustomStringConvertible {
  public static let form = "NAME, NAME@ALIAS or NAME#VERSION"

  public let model: String
  public let selector: VersionSelector

  public init(model: String, selector: VersionSelector = .stable) {
    self.model = model
    self.selector = selector
  }

  /// - Throws: `ModelStoreError` `usage`.
  public init(_ text: some StringProtocol) throws(ModelStoreError) {
    let end = text.firstIndex { $0 == "@" || $0 == "#" } ?? text.endIndex
    let model = text[..<end]
    guard RegistryName.isValid(model) else {
      throw ModelStoreError(
        .usage, "model name '\(model)' in '\(text)' is not allowed; expected \(RegistryName.rule)")
    }
    self.model = String(model)
    guard end < text.endIndex else {
      selector = .stable
      return
    }
    let rest = text[text.index(after: end)...]
    if text[end] == "@" {
      guard RegistryName.isValid(rest) else {
        throw ModelStoreError(.usage, "alias '\(rest)' in '\(text)' is not allowed; expected \(RegistryName.rule)")
      }
      selector = .alias(String(rest))
    } else {
      guard rest.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
        let number = UInt64(rest), (1...UInt64(Int64.max)).contains(number)
      else {
        throw ModelStoreError(
          .usage, "version '\(rest)' in '\(text)', expected a whole number from 1 up, as in \(model)#1")
      }
      selector = .version(number)
    }
  }

  /// `NAME@ALIAS` or `NAME#VERSION`.
  public var description: String { "\(model)\(selector)" }
}

/// A model somewhere: in a registry's file, or behind a teacher service.
///
/// `R.sqlite/NAME`, `R.sqlite/NAME@ALIAS`, `R.sqlite/NAME#VERSION`; the same with `HOST:PORT` or `unix:PATH` before the
/// slash. What stands before the last slash is a server where it is a host, a colon and a port (an IPv6 address in
/// brackets), or `unix:` and the path of a socket, and a path otherwise: a file that is called like a server is written
/// `./HOST:PORT`.
public struct ModelReference: Hashable, Sendable, CustomStringConvertible {
  public enum Place: Hashable, Sendable, CustomStringConvertible {
    case registry(path: String)
    case server(host: String, port: Int)
    /// A server's Unix-domain socket.
    case socket(path: String)

    /// A teacher service, whose address ``description`` is.
    public var isServer: Bool {
      switch self {
      case .registry: false
      case .server, .socket: true
      }
    }

    public var description: String {
      switch self {
      case .registry(let path): path
      case .socket(let path): "unix:\(path)"
      case .server(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
      }
    }
  }

  public static let form = "R.sqlite/NAME, HOST:PORT/NAME or unix:SOCKET/NAME, then nothing, @ALIAS or #VERSION"

  public let place: Place
  public let selection: ModelSelection

  public var model: String { selection.model }
  public var selector: VersionSelector { selection.selector }

  public init(place: Place, selection: ModelSelection) {
    self.place = place
    self.selection = selection
  }

  /// - Throws: `ModelStoreError` `usage`.
  public init(_ text: String) throws(ModelStoreError) {
    guard let slash = text.lastIndex(of: "/"), slash > text.startIndex else {
      throw ModelStoreError(.usage, "model reference '\(text)' names no registry or server; expected \(Self.form)")
    }
    place = try Self.place(text[..<slash], in: text)
    selection = try ModelSelection(text[text.index(after: slash)...])
  }

  public var description: String { "\(place)/\(selection)" }

  /// A path, unless it is a host, a colon and digits, or a socket.
  private static func place(_ text: Substring, in whole: String) throws(ModelStoreError) -> Place {
    if text.hasPrefix("unix:") {
      let path = String(text.dropFirst("unix:".count))
      guard !path.isEmpty else {
        throw ModelStoreError(.usage, "no socket's path after unix: in '\(whole)', expected \(form)")
      }
      return .socket(path: path)
    }
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    guard !text.contains("/"), let colon = text.lastIndex(of: ":") else { return .registry(path: String(text)) }
    let after = text[text.index(after: colon)...]
    guard !after.isEmpty, after.utf8.allSatisfy(digits.contains) else { return .registry(path: String(text)) }
    guard let port = Int(after), (1...65535).contains(port) else {
      throw ModelStoreError(.usage, "port \(after) in '\(whole)', expected 1 to 65535")
    }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      throw ModelStoreError(
        .usage, "host '\(host)' in '\(whole)', expected an IPv6 address in brackets, as in [::1]:7070/NAME")
    }
    guard !host.isEmpty else {
      throw ModelStoreError(.usage, "no host before the port in '\(whole)', expected \(form)")
    }
    return .server(host: String(host), port: port)
  }
}
