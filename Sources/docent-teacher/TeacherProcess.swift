import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import TeacherServing
import Wire

/// The service as a process: starts listening, says so, and drains when it is asked to end.
struct TeacherProcess: Service {
  /// What is printed when it listens.
  struct Ready: Encodable {
    var address: String
    var host: String
    var port: Int
    var pid: Int32
  }

  /// How long open calls may take once the service is asked to end.
  private static let drainLimit = TimeAmount.seconds(30)

  let store: RegistryVersionStore
  let listen: ListenAddress
  let eventLoops: Int
  let logger: Logger
  let ready: @Sendable (Ready) throws -> Void

  func run() async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: eventLoops)
    do {
      let server = try await start(group)
      let host = server.address.ipAddress ?? listen.host
      let port = server.address.port ?? listen.port
      let address = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
      logger.info("listening", metadata: ["address": "\(address)"])
      try ready(Ready(address: address, host: host, port: port, pid: ProcessIdentifier.current))
      try? await gracefulShutdown()
      logger.info("draining")
      await server.drain(within: Self.drainLimit)
      logger.info("ended")
    } catch {
      try? await group.shutdownGracefully()
      throw error
    }
    try await group.shutdownGracefully()
    await store.close()
  }

  private func start(_ group: MultiThreadedEventLoopGroup) async throws -> TeacherServer {
    do {
      return try await TeacherServer.start(
        store: store, group: group, host: listen.host, port: listen.port, settings: settings, logger: logger)
    } catch let error as IOError {
      throw StartFailure(description: Self.explanation(of: error, listen))
    } catch let error as SocketAddressError {
      throw StartFailure(description: "cannot listen on \(listen): \(error)")
    }
  }

  private var settings: ServingSettings {
    var settings = ServingSettings.defaults
    settings.server.name = "docent-teacher"
    return settings
  }
}

/// Why the service could not begin.
struct StartFailure: Error, CustomStringConvertible {
  let description: String
}
