import ArgumentParser
import Console
import Logging
import ServiceLifecycle
import UnixSignals

/// Serves a registry's models until it is asked to end.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Serves the models of a registry.",
    discussion: """
      Prints one line when it listens: "listening on HOST:PORT", or with --json an object with address, host, port and \
      pid. Port 0 takes a free one. SIGTERM (or an interrupt) lets open calls finish, then ends it.

      Examples:
        docent-teacher serve --registry teacher.sqlite
        docent-teacher serve --registry teacher.sqlite --listen 127.0.0.1:7080 --log-level debug
      """)

  @Option(help: "The registry's file; an empty registry is made where there is none.")
  var registry: String

  @Option(help: "Where to listen, HOST:PORT.")
  var listen = ListenAddress.standard

  @Option(
    help: "Threads that read and answer. One serves a million queries a second; more share none of their batches.")
  var eventLoops = 1

  @Flag(help: "Listen beyond this machine, where anybody who reaches the port may query and publish.")
  var insecure = false

  @Option(
    help: "trace, debug, info, notice, warning, error or critical.",
    transform: { text in
      guard let level = Logger.Level(rawValue: text) else {
        throw ValidationError("expected one of: \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      return level
    })
  var logLevel = Logger.Level.info

  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (1...256).contains(eventLoops) else {
      throw ValidationError("--event-loops \(eventLoops): expected 1 to 256")
    }
    guard insecure || listen.isLoopback else {
      throw ValidationError(
        "--listen \(listen): anybody who reaches this address could query and publish; "
          + "expected a loopback address such as 127.0.0.1:\(listen.port), or --insecure")
    }
  }

  func run() async throws {
    var logger = Logger(label: "docent-teacher") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = logLevel
    if !listen.isLoopback { logger.warning("insecure: \(listen) is open to everybody who reaches it") }
    let results = output.results
    let service = TeacherProcess(
      store: try RegistryVersionStore(path: registry), listen: listen, eventLoops: eventLoops, logger: logger
    ) { ready in
      try results.print(ready, text: "listening on \(ready.address)")
    }
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)],
        gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
    try await group.run()
  }
}

/// HOST:PORT to listen on.
struct ListenAddress: ExpressibleByArgument, CustomStringConvertible {
  static let standard = ListenAddress(host: "127.0.0.1", port: 7070)

  let host: String
  let port: Int

  private init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// Also `[::1]:7070`.
  init?(argument: String) {
    guard let colon = argument.lastIndex(of: ":"), let port = UInt16(argument[argument.index(after: colon)...]) else {
      return nil
    }
    var host = argument[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    guard !host.isEmpty else { return nil }
    self.init(host: String(host), port: Int(port))
  }

  var isLoopback: Bool { host == "localhost" || host == "::1" || isLoopbackIPv4 }

  /// 127.0.0.0/8.
  private var isLoopbackIPv4: Bool {
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil } && parts[0] == "127"
  }

  var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
