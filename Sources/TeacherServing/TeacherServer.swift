public import Logging
public import NIOCore
import NIOPosix
import Wire

/// A teacher that listens.
public final class TeacherServer: Sendable {
  /// Where it listens: an address that was asked for with port 0 has its port here.
  public let address: SocketAddress

  private let channel: any Channel
  private let loops: [ServerLoop<TeacherLoop>]
  private let compute: ThreadPoolCompute
  private let watching: Task<Void, Never>

  /// Loads what the store says, then listens.
  ///
  /// - Parameter group: its event loops serve the connections.
  /// - Throws: what the store throws, or NIO's error where the address cannot be bound.
  public static func start(
    store: any VersionStore, group: any EventLoopGroup, host: String, port: Int, settings: ServingSettings = .defaults,
    logger: Logger
  ) async throws -> TeacherServer {
    let directory = TeacherDirectory(store: store, settings: settings, logger: logger)
    let compute = ThreadPoolCompute()
    let loops = group.makeIterator().map { eventLoop in
      ServerLoop(
        eventLoop: eventLoop,
        service: TeacherLoop(eventLoop: eventLoop, settings: settings, control: directory, compute: compute),
        settings: settings.server, logger: logger)
    }
    do {
      try await directory.start { catalogue in
        for loop in loops {
          // An event loop that has shut down has nobody to tell.
          try? await loop.eventLoop.submit { loop.service.adopt(catalogue) }.get()
        }
      }
      let channel = try await WireServer.bind(host: host, port: port, group: group, loops: loops)
      guard let address = channel.localAddress else { throw ChannelError.unknownLocalAddress }
      return TeacherServer(
        address: address, channel: channel, loops: loops, compute: compute,
        watching: watch(directory, every: settings.storeReadInterval, logger: logger))
    } catch {
      await compute.stop()
      throw error
    }
  }

  private init(
    address: SocketAddress, channel: any Channel, loops: [ServerLoop<TeacherLoop>], compute: ThreadPoolCompute,
    watching: Task<Void, Never>
  ) {
    self.address = address
    self.channel = channel
    self.loops = loops
    self.compute = compute
    self.watching = watching
  }

  /// Who only queries never makes a control call, and has to see a moved alias all the same.
  private static func watch(_ directory: TeacherDirectory, every interval: Duration, logger: Logger) -> Task<
    Void, Never
  > {
    Task {
      while (try? await Task.sleep(for: interval)) != nil {
        do {
          try await directory.refresh()
        } catch {
          logger.error("the registry cannot be read, and is served as it was: \(error)")
        }
      }
    }
  }

  /// Accepts nobody, sends GoAway to everybody, lets open calls finish; what is left after `limit` is cut off.
  public func drain(within limit: TimeAmount) async {
    watching.cancel()
    try? await channel.close()
    await withTaskGroup(of: Void.self) { group in
      for loop in loops {
        group.addTask {
          let eventLoop = loop.eventLoop
          let cutOff = eventLoop.scheduleTask(in: limit) { loop.closeAll() }
          try? await eventLoop.flatSubmit { loop.drain() }.get()
          cutOff.cancel()
        }
      }
    }
    await compute.stop()
  }
}

/// One thread for the batches of large networks.
struct ThreadPoolCompute: ComputeThread {
  private let pool = NIOThreadPool(numberOfThreads: 1)

  init() {
    pool.start()
  }

  func run(_ body: @escaping @Sendable () -> Void) {
    pool.submit { state in
      // A pool that has stopped runs nothing, and its clients are gone.
      if case .active = state { body() }
    }
  }

  func stop() async {
    try? await pool.shutdownGracefully()
  }
}
