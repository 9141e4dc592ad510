import NIOCore
import NIOEmbedded
import Neural
import RolloutControl
import Synchronization
import Wire

@testable import TeacherServing

/// Two clients' queries of a teacher with a small and a large network: each is answered exactly once where its client
/// stays, and no row is queued at the end.
enum TeacherTarget {
  private static let policies: [LoadedVersion] = (1...2).map { number in
    do {
      let architecture = try PolicyArchitecture(
        environment: "e", observationWidth: 4, head: .categorical(actions: 2), policyHidden: [8], hasValue: number == 1)
      return LoadedVersion(
        model: "m", number: UInt64(number),
        policy: InferencePolicy(TrainableNetwork(architecture: architecture, seed: UInt64(number)).policy))
    } catch {
      fatalError("\(error)")
    }
  }

  static func run(_ input: UnsafeRawBufferPointer) -> CInt {
    var rest = input
    var script = Script(&rest)
    let eventLoop = EmbeddedEventLoop()
    let compute = SteppedCompute()
    let loop = serve(eventLoop, compute, onLoop: script.once(in: 2), refusesNonFinite: script.once(in: 4))
    let channels = (0..<2).map { _ in EmbeddedChannel(loop: eventLoop) }
    for channel in channels { ServerTarget.connect(channel, to: loop) }
    var clients = [ClientsView(), ClientsView()]
    for frame in frames(rest) {
      let index = script.draw(4) / 3
      frame.withUnsafeBytes { Peer.send($0, to: channels[index]) }
      happen(&script, channels[index], loop, compute)
      clients[index].read(channels[index])
    }
    finish(eventLoop, compute)
    for (channel, index) in zip(channels, clients.indices) {
      clients[index].read(channel)
      require(!channel.isActive || loop.service.queuedRows == 0, "\(loop.service.queuedRows) rows are queued")
      Peer.close(channel)
    }
    finish(eventLoop, compute)
    require(loop.service.queuedRows == 0, "\(loop.service.queuedRows) rows are queued at the end")
    require(loop.connectionCount == 0, "\(loop.connectionCount) connections are kept")
    return 0
  }

  private static func serve(
    _ eventLoop: EmbeddedEventLoop, _ compute: SteppedCompute, onLoop: Bool, refusesNonFinite: Bool
  ) -> ServerLoop<TeacherLoop> {
    var settings = ServingSettings.defaults
    settings.server = ServerTarget.settings()
    settings.server.connectionsMax = 2
    settings.queuedRowsMax = 24
    settings.loopMicrosecondsPerRowMax = onLoop ? .infinity : -1
    settings.refusesNonFinite = refusesNonFinite
    let service = TeacherLoop(eventLoop: eventLoop, settings: settings, control: NoControl(), compute: compute)
    service.adopt(catalogue(policies))
    return ServerLoop(eventLoop: eventLoop, service: service, settings: settings.server, logger: .silent)
  }

  private static func catalogue(
    _ loaded: [LoadedVersion], rollout: CatalogueRollout? = nil, withdrawn: Set<UInt64> = []
  ) -> Catalogue {
    Catalogue(models: [
      Catalogue.Model(
        name: "m", loaded: loaded, stored: [1, 2, 3], aliases: [V1.AliasTarget(alias: "stable", version: 2)],
        rollout: rollout, withdrawn: withdrawn)
    ])
  }

  private static func rollout(step: Int) -> CatalogueRollout {
    CatalogueRollout(
      id: "r", hash: ShareHash(key: (1, 2)), baseline: 2, candidate: 1, weightPercent: [0, 50, 100][step],
      shadowPercent: 100, generation: UInt64(step), collects: true)
  }

  private static func happen(
    _ script: inout Script, _ channel: EmbeddedChannel, _ loop: ServerLoop<TeacherLoop>, _ compute: SteppedCompute
  ) {
    switch script.draw(24) {
    case 0: channel.embeddedEventLoop.advanceTime(by: .milliseconds(Int64(script.draw(3))))
    case 1:
      loop.service.adopt(
        catalogue(
          script.once(in: 2) ? policies : [policies[1]],
          rollout: script.once(in: 2) ? rollout(step: script.draw(3)) : nil, withdrawn: script.once(in: 4) ? [1] : []))
    case 19: _ = loop.service.takeEvidence(model: "m")
    case 2: _ = try? channel.finish(acceptAlreadyClosed: true)
    case 3...6: compute.claim()
    case 7...9: compute.finish()
    case 10...18: channel.embeddedEventLoop.run()
    default: break
    }
  }

  private static func finish(_ eventLoop: EmbeddedEventLoop, _ compute: SteppedCompute) {
    eventLoop.run()
    while compute.finish() { eventLoop.run() }
  }

  /// The frames that a client of queries sends: the calls of other kinds run on tasks, which an embedded loop has not.
  private static func frames(_ stream: UnsafeRawBufferPointer) -> [[UInt8]] {
    var codec = FrameCodec(frameBytesMax: ServerTarget.limits.frameBytesMax)
    var buffer = ByteBuffer(bytes: stream)
    var decoder = FrameDecoder(frameBytesMax: ServerTarget.limits.frameBytesMax)
    var frames: [[UInt8]] = []
    while let payload = try? decoder.decode(buffer: &buffer) {
      let frame = payload.withUnsafeReadableBytes { bytes in try? codec.read(bytes) }
      switch frame?.body {
      case .infer, .cancel, .hello, .ping, .pong:
        let header = [0] + withUnsafeBytes(of: UInt32(payload.readableBytes).bigEndian) { Array($0) }
        frames.append(header + Array(payload.readableBytesView))
      default: break
      }
    }
    return frames
  }
}

/// Batches wait until they are claimed and computed.
private final class SteppedCompute: ComputeThread {
  private let batches = Mutex<[(batch: Batch, isClaimed: Bool, done: @Sendable () -> Void)]>([])

  func run(_ batch: Batch, done: @escaping @Sendable () -> Void) {
    batches.withLock { $0.append((batch, false, done)) }
  }

  func run(unseen batch: ShadowBatch, done: @escaping @Sendable () -> Void) {
    batch.compute()
    done()
  }

  /// The thread takes the oldest batch.
  func claim() {
    batches.withLock { batches in
      guard let first = batches.first, !first.isClaimed else { return }
      first.batch.claim()
      batches[0].isClaimed = true
    }
  }

  /// The thread has computed the oldest batch.
  ///
  /// - Returns: whether there was one.
  @discardableResult
  func finish() -> Bool {
    claim()
    guard let (batch, _, done) = batches.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else { return false }
    batch.compute()
    done()
    return true
  }
}

private struct NoControl: ControlPlane {
  func answer(
    _ request: ServerRequest, who: String, scopes: Scopes, send: @escaping @Sendable (V1.Body) async throws -> Void
  ) async throws -> V1.Body? { .cancel }
}
