/// Where a teacher listens: `HOST:PORT`, the host in brackets where it is an IPv6 address.
struct TeacherAddress: Hashable, Sendable, CustomStringConvertible {
  let host: String
  let port: Int
  let description: String

  init(_ text: String) throws(WireStatus) {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0 else {
      throw WireStatus(.invalidArgument, "address \"\(text)\", expected HOST:PORT such as 127.0.0.1:7070")
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
    self.host = String(host)
    self.port = Int(port)
    description = text
  }

  /// Nobody answers there.
  func noTeacher(_ why: String) -> WireStatus {
    WireStatus(
      .unavailable,
      "no teacher at \(description) (\(why)); start one with: docent-teacher serve --registry teacher.sqlite --listen \(description)"
    )
  }
}
