public import Logging
public import NIOCore
import NIOPosix
public import Wire

/// A teacher that listens.
public final class TeacherServer: Sendable {
  /// Where it listens and whom it lets in.
  public struct Entrance: Sendable {
    public var targets: [WireServer.Target]
    /// What TCP connections are secured with; nil: they are not.
    public var tls: ServerTLS?
    public var gate: any Gatekeeper

    public init(_ targets: [WireServer.Target], tls: ServerTLS? = nil, gate: any Gatekeeper = OpenGate()) {
      precondition(!targets.isEmpty, "a server listens somewhere")
      self.targets = targets
      self.tls = tls
      self.gate = gate
    }
  }

  /// Where it listens, in the order of the targets: a port that was asked for as 0 is the one that it got.
  public let addresses: [SocketAddress]

  private let channels: [any Channel]
  let loops: [ServerLoop<TeacherLoop>]
  private let directory: TeacherDirectory
  private let compute: ThreadPoolCompute
  private let watching: Task<Void, Never>
  private let began = ContinuousClock.now

  /// Loads what the store says, then listens.
  ///
  /// - Parameters:
  ///   - rollouts: nil: versions change by their aliases alone.
  ///   - group: its event loops serve the connections.
  /// - Throws: what the store throws, or NIO's error where an address cannot be bound.
  public static func start(
    store: any VersionStore, rollouts: (any RolloutStore)? = nil, group: any EventLoopGroup, entrance: Entrance,
    settings: ServingSettings = .defaults, logger: Logger
  ) async throws -> TeacherServer {
    let directory = TeacherDirectory(store: store, rollouts: rollouts, settings: settings, logger: logger)
    let compute = ThreadPoolCompute()
    let share = ServerShare(settings: settings.server, gate: entrance.gate)
    let loops = group.makeIterator().map { eventLoop in
      ServerLoop(
        eventLoop: eventLoop,
        service: TeacherLoop(eventLoop: eventLoop, settings: settings, control: directory, compute: compute),
        settings: settings.server, share: share, logger: logger)
    }
    var channels: [any Channel] = []
    do {
      let collect: @Sendable (String) async -> [LoopEvidence] = { model in
        var parts: [LoopEvidence] = []
        for loop in loops {
          if let part = try? await loop.eventLoop.submit({ loop.service.takeEvidence(model: model) }).get() {
            parts.append(part)
          }
        }
        return parts
      }
      try await directory.start(collect: collect) { catalogue in
        for loop in loops {
          // An event loop that has shut down has nobody to tell.
          try? await loop.eventLoop.submit { loop.service.adopt(catalogue) }.get()
        }
      }
      for target in entrance.targets {
        channels.append(
          try await WireServer.bind(to: target, group: group, loops: loops, tls: entrance.tls, logger: logger))
      }
      return TeacherServer(
        addresses: try channels.map { channel in
          guard let address = channel.localAddress else { throw ChannelError.unknownLocalAddress }
          return address
        }, channels: channels, loops: loops, directory: directory, compute: compute,
        watching: watch(directory, every: settings.storeReadInterval, logger: logger))
    } catch {
      for channel in channels { try? await channel.close() }
      await compute.stop()
      throw error
    }
  }

  private init(
    addresses: [SocketAddress], channels: [any Channel], loops: [ServerLoop<TeacherLoop>], directory: TeacherDirectory,
    compute: ThreadPoolCompute, watching: Task<Void, Never>
  ) {
    self.addresses = addresses
    self.channels = channels
    self.loops = loops
    self.directory = directory
    self.compute = compute
    self.watching = watching
  }

  /// Who only queries never makes a control call, and has to see a moved alias all the same.
  /// Rollouts are looked at beside that: a registry that is slow, or full, keeps no rollback waiting.
  private static func watch(_ directory: TeacherDirectory, every interval: Duration, logger: Logger) -> Task<
    Void, Never
  > {
    Task {
      await withDiscardingTaskGroup { tasks in
        tasks.addTask {
          while (try? await Task.sleep(for: interval)) != nil {
            do {
              try await directory.refresh()
            } catch {
              logger.error("the registry cannot be read, and is served as it was: \(error)")
            }
            await directory.retire()
          }
        }
        tasks.addTask {
          while (try? await Task.sleep(for: TeacherDirectory.lookInterval)) != nil {
            await directory.lookAtRollouts()
          }
        }
      }
    }
  }

  /// What the service has measured of itself so far.
  public func measured() async -> ServiceSnapshot {
    let catalogue = await directory.catalogue
    var snapshot = ServiceSnapshot(
      loaded: catalogue.loadedForSnapshot, aliases: catalogue.aliasesForSnapshot, uptime: ContinuousClock.now - began,
      process: ProcessFigures.read())
    for loop in loops {
      if let part = try? await loop.eventLoop.submit({ loop.service.measured(loop.counters) }).get() {
        snapshot.merge(part)
      }
    }
    return snapshot
  }

  /// Ends the connections whose access the gate does not grant any more.
  public func reviewAccess() async {
    for loop in loops { try? await loop.eventLoop.submit { loop.reviewAccess() }.get() }
  }

  /// Accepts nobody, sends GoAway to everybody, lets open calls finish; what is left after `limit` is cut off.
  public func drain(within limit: TimeAmount) async {
    watching.cancel()
    for channel in channels { try? await channel.close() }
    await withTaskGroup(of: Void.self) { group in
      for loop in loops {
        group.addTask {
          let eventLoop = loop.eventLoop
          let cutOff = eventLoop.scheduleTask(in: limit) { loop.closeAll() }
          try? await eventLoop.flatSubmit { loop.drain() }.get()
          cutOff.cancel()
        }
      }
      await directory.drain()
    }
    await compute.stop()
  }
}
