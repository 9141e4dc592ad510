import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import TeacherServing
import UnixSignals
import Wire

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The service as a process: starts listening, says so, and drains when it is asked to end.
struct TeacherProcess: Service {
  /// What is printed when it listens.
  struct Ready: Encodable {
    var address: String
    var host: String
    var port: Int
    var pid: Int32
    /// Where metrics are served; nil where they are not.
    var metrics: String?
  }

  let store: RegistryVersionStore
  let listen: ListenAddress
  let unixSocket: String?
  let tls: ServerTLS?
  /// Clients need one of these tokens; nil: they need none.
  let tokens: TokenSource?
  let metrics: ListenAddress?
  let settings: ServingSettings
  let eventLoops: Int
  /// How long open calls may take once the service is asked to end.
  let drainLimit: Duration
  let logger: Logger
  let ready: @Sendable (Ready) throws -> Void

  func run() async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: eventLoops)
    do {
      try await serve(group)
    } catch {
      try? await group.shutdownGracefully()
      throw error
    }
    try await group.shutdownGracefully()
    await tokens?.close()
    await store.close()
  }

  private func serve(_ group: MultiThreadedEventLoopGroup) async throws {
    // Before anybody is told that the service is there: who knows it may signal it.
    let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
    let reading = try await tokens?.reading(since: nil)
    let gate = reading.map { TokenGate($0.tokens) }
    if let gate, gate.isEmpty { logger.warning("the registry has no valid token: nobody can enter before it has one") }
    let server = try await start(group, gate: gate)
    let endpoint = try await startMetrics(group, server)
    try announce(server, endpoint)
    let watches = Task {
      await withDiscardingTaskGroup { tasks in
        tasks.addTask { await obey(signals) }
        if let gate, let tokens, let reading {
          tasks.addTask { await watch(TokenWatch(tokens, gate, seen: reading.state, logger: logger), server) }
        }
      }
    }
    defer { watches.cancel() }
    try? await gracefulShutdown()
    logger.info("draining", metadata: ["limit": "\(drainLimit)"])
    await server.drain(within: TimeAmount(drainLimit))
    await endpoint?.close()
    logger.info("ended")
  }

  private func announce(_ server: TeacherServer, _ endpoint: MetricsEndpoint?) throws {
    let address = server.addresses[0]
    let host = address.ipAddress ?? listen.host
    let port = address.port ?? listen.port
    let text = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    var said: Logger.Metadata = ["address": "\(text)", "tls": "\(tls != nil)", "tokens": "\(tokens != nil)"]
    if let unixSocket { said["unix"] = "\(unixSocket)" }
    let watched = endpoint.map { "\($0.address.ipAddress ?? ""):\($0.address.port ?? 0)" }
    if let watched { said["metrics"] = "\(watched)" }
    logger.info("listening", metadata: said)
    try ready(Ready(address: text, host: host, port: port, pid: getpid(), metrics: watched))
  }

  private func startMetrics(
    _ group: MultiThreadedEventLoopGroup, _ server: TeacherServer
  ) async throws -> MetricsEndpoint? {
    guard let metrics else { return nil }
    do {
      return try await MetricsEndpoint.start(host: metrics.host, port: metrics.port, group: group, logger: logger) {
        await server.measured()
      }
    } catch let error as IOError {
      await server.drain(within: .zero)
      throw StartFailure(
        description: Self.explanation(of: error, [.tcp(host: metrics.host, port: metrics.port)]))
    }
  }

  private func start(_ group: MultiThreadedEventLoopGroup, gate: TokenGate?) async throws -> TeacherServer {
    var targets = [WireServer.Target.tcp(host: listen.host, port: listen.port)]
    if let unixSocket { targets.append(.unix(path: unixSocket)) }
    do {
      return try await TeacherServer.start(
        store: store, rollouts: store, group: group,
        entrance: TeacherServer.Entrance(targets, tls: tls, gate: gate ?? OpenGate() as any Gatekeeper),
        settings: settings, logger: logger)
    } catch let error as IOError {
      throw StartFailure(description: Self.explanation(of: error, targets))
    } catch let error as SocketAddressError {
      throw StartFailure(description: "cannot listen on \(Self.names(targets)): \(error)")
    } catch is UnixDomainSocketPathWrongType {
      throw StartFailure(
        description: "cannot listen on \(Self.names(targets)): a file that is no socket is there, expected none")
    }
  }

  // MARK: While it serves

  /// SIGHUP reads certificates again. The first SIGTERM or interrupt is the service group's; the second ends all at once.
  private func obey(_ signals: UnixSignalsSequence) async {
    var requests = EndRequests()
    for await signal in signals {
      if signal == .sighup {
        reloadCertificates()
        continue
      }
      let number = signal == .sigterm ? SIGTERM : SIGINT
      if requests.take(number, at: .now) {
        logger.warning("asked twice to end: open calls are cut off")
        _exit(128 + number)
      }
    }
  }

  private func reloadCertificates() {
    guard let tls else { return logger.notice("SIGHUP: there are no certificates to read again") }
    do throws(WireStatus) {
      try tls.reload()
      logger.info("certificates read again", metadata: ["certificate": "\(tls.files.certificate)"])
    } catch {
      logger.error("certificates stay as they were: \(error.message)")
    }
  }

  private func watch(_ tokens: consuming TokenWatch, _ server: TeacherServer) async {
    while (try? await Task.sleep(for: TokenWatch.interval)) != nil {
      if await tokens.look() { await server.reviewAccess() }
    }
  }
}

/// Why the service could not begin.
struct StartFailure: Error, CustomStringConvertible {
  let description: String
}
