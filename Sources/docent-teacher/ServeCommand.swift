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
      pid. Port 0 takes a free one. SIGTERM (or an interrupt) lets open calls finish, then ends it; a second one ends it \
      at once. SIGHUP reads the certificates again.

      Examples:
        docent-teacher serve --registry teacher.sqlite
        docent-teacher serve --registry teacher.sqlite --listen 127.0.0.1:7080 --log-level debug
        docent-teacher serve --registry teacher.sqlite --listen 0.0.0.0:7070 --tokens \\
          --tls-certificate server.pem --tls-key server.key
      """)

  @Option(help: "The registry's file; an empty registry is made where there is none.")
  var registry: String

  @Option(help: "Where to listen, HOST:PORT.")
  var listen = ListenAddress.standard

  @Option(help: "A Unix-domain socket to listen on too: whoever may open the file may query and publish.")
  var unixSocket: String?

  @Option(
    help: "Threads that read and answer. One serves a million queries a second; more share none of their batches.")
  var eventLoops = 1

  @Option(help: "Serve Prometheus metrics at http://HOST:PORT/metrics.")
  var metrics: ListenAddress?

  @OptionGroup(title: "Security") var security: SecurityOptions
  @OptionGroup(title: "Limits") var limits: LimitOptions

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
    try security.check(listen)
    if let metrics, !metrics.isLoopback, !security.insecure {
      throw ValidationError(
        "--metrics \(metrics): anybody who reaches this address could read them; expected a loopback address, or "
          + "--insecure")
    }
  }

  func run() async throws {
    var logger = Logger(label: "docent-teacher") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = logLevel
    if !listen.isLoopback, !security.isClosed {
      logger.warning("insecure: \(listen) is open to everybody who reaches it")
    }
    // Neither TLS nor tokens protect these.
    if let metrics, !metrics.isLoopback {
      logger.warning("insecure: the metrics at \(metrics) are open to everybody who reaches it")
    }
    let results = output.results
    let store = try RegistryVersionStore(path: registry)
    let service = TeacherProcess(
      store: store, listen: listen, unixSocket: unixSocket,
      tls: try security.makeTLS(), tokens: security.tokens ? try TokenSource(path: registry) : nil, metrics: metrics,
      settings: limits.settings,
      eventLoops: eventLoops, drainLimit: .seconds(limits.drainSeconds), logger: logger
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
