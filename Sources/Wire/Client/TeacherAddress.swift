import NIOCore

/// Where a teacher listens: `HOST:PORT`, the host in brackets where it is an IPv6 address, or `unix:PATH` for a
/// Unix-domain socket.
struct TeacherAddress: Hashable, Sendable, CustomStringConvertible {
  enum Place: Hashable, Sendable {
    case tcp(host: String, port: Int)
    case unix(path: String)
  }

  let place: Place
  let description: String

  init(_ text: String) throws(WireStatus) {
    description = text
    place = text.hasPrefix(Self.unixPrefix) ? try Self.unix(text) : try Self.tcp(text)
  }

  private static let unixPrefix = "unix:"

  private static func unix(_ text: String) throws(WireStatus) -> Place {
    let path = String(text.dropFirst(unixPrefix.count))
    guard (try? SocketAddress(unixDomainSocketPath: path)) != nil, !path.isEmpty else {
      throw WireStatus(
        .invalidArgument,
        "address \"\(text)\", expected unix: and the path of a socket, not longer than the system's limit of about 100 bytes"
      )
    }
    return .unix(path: path)
  }

  private static func tcp(_ text: String) throws(WireStatus) -> Place {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0 else {
      throw WireStatus(
        .invalidArgument, "address \"\(text)\", expected HOST:PORT such as 127.0.0.1:7070, or unix:PATH")
    }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      throw WireStatus(.invalidArgument, "address \"\(text)\", expected an IPv6 host in brackets such as [::1]:7070")
    }
    guard !host.isEmpty else {
      throw WireStatus(.invalidArgument, "address \"\(text)\" without a host, expected HOST:PORT")
    }
    return .tcp(host: String(host), port: Int(port))
  }

  /// The name that a server's certificate has; nil for an IP address, which is no name: a certificate for it says the
  /// address itself.
  var serverName: String? {
    switch place {
    case .tcp(let host, _): (try? SocketAddress(ipAddress: host, port: 0)) == nil ? host : nil
    // A socket of this machine.
    case .unix: "localhost"
    }
  }

  /// Somebody took the connection, and no more came of it.
  func failed(_ why: String) -> WireStatus {
    WireStatus(.unavailable, "no connection to \(description): \(why)")
  }

  /// Nobody answers there.
  func noTeacher(_ why: String) -> WireStatus {
    WireStatus(
      .unavailable,
      "no teacher at \(description) (\(why)); start one with: docent-teacher serve --registry teacher.sqlite --listen \(description)"
    )
  }
}
