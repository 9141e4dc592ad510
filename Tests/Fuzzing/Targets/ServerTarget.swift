import Glibc
import Logging
import NIOCore
import NIOEmbedded

@testable import Wire

/// Whatever a client sends, in whatever pieces, and whenever the service answers: a call is answered at most once, and
/// exactly once where the client stays to read it; at the end nothing is open and nothing is held.
enum ServerTarget {
  static let limits = WireLimits(frameBytesMax: 4096, rowsPerCallMax: 8, callsInFlightMax: 4, rowsInFlightMax: 16)

  static func settings() -> ServerSettings {
    ServerSettings(
      name: "fuzzed", limits: limits, artefactBytesMax: 1024, publishedBytesMax: 1500, connectionsMax: 1)
  }

  static func run(_ input: UnsafeRawBufferPointer) -> CInt {
    var rest = input
    var script = Script(&rest)
    let channel = EmbeddedChannel()
    let gate = ScriptedGate(scopes: script.once(in: 4) ? .query : .all, hasRate: script.once(in: 4))
    let settings = settings()
    let service = ScriptedService(Script(seed: UInt64(script.draw(1 << 30))))
    let share = ServerShare(settings: settings, gate: gate)
    let loop = ServerLoop(
      eventLoop: channel.embeddedEventLoop, service: service, settings: settings, share: share, logger: .silent)
    connect(channel, to: loop)
    var client = ClientsView()
    while !rest.isEmpty {
      Peer.send(script.cut(&rest), to: channel)
      happen(&script, channel, loop, gate)
      client.read(channel)
    }
    channel.embeddedEventLoop.run()
    service.answerAll()
    channel.embeddedEventLoop.run()
    client.read(channel)
    if channel.isActive { client.requireAnswers(to: service.handed) }
    Peer.close(channel)
    service.answerAll()
    require(loop.connectionCount == 0, "\(loop.connectionCount) connections are kept")
    require(loop.counters.connectionsOpen == 0, "\(loop.counters.connectionsOpen) connections are counted as open")
    requireNothingHeld(share, settings)
    return 0
  }

  static func connect<Service>(_ channel: EmbeddedChannel, to loop: ServerLoop<Service>) {
    do {
      try WireServer.add(loop: loop, to: channel)
      try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    } catch {
      fatalError("\(error)")
    }
  }

  private static func happen(
    _ script: inout Script, _ channel: EmbeddedChannel, _ loop: ServerLoop<ScriptedService>, _ gate: ScriptedGate
  ) {
    // Of a channel that has closed, its event loop and the service are what is left.
    switch channel.isActive ? script.draw(40) : 6 + script.draw(34) {
    case 0: _ = loop.drain()
    case 1: channel.embeddedEventLoop.advanceTime(by: .seconds(Int64(script.draw(90))))
    case 2:
      channel.isWritable.toggle()
      channel.pipeline.fireChannelWritabilityChanged()
    case 3:
      gate.isRevoked = true
      loop.reviewAccess()
    case 4: _ = try? channel.finish(acceptAlreadyClosed: true)
    case 5: channel.pipeline.fireErrorCaught(IOError(errnoCode: ECONNRESET, reason: "read"))
    case 6...12: loop.service.answerSome()
    case 13...30: channel.embeddedEventLoop.run()
    default: break
    }
  }

  private static func requireNothingHeld(_ share: ServerShare, _ settings: ServerSettings) {
    require(share.reserve(publishedBytes: settings.publishedBytesMax) == nil, "bytes of publishes are held")
    require(share.enter() == nil, "a connection is counted as entered")
  }
}

/// The answers as a client sees them.
struct ClientsView {
  private var unread = ByteBuffer()
  private var answered: Set<UInt32> = []

  mutating func read(_ channel: EmbeddedChannel) {
    for frame in Peer.frames(channel, &unread) {
      switch frame.body {
      case .welcome, .goAway, .ping, .pong: require(frame.call == 0, "\(frame.body) under call \(frame.call)")
      // A part of an answer; the service here says more after the last.
      case .chunk: require(!answered.contains(frame.call), "a part of call \(frame.call) after its answer")
      default:
        require(frame.call != 0, "an answer without a call: \(frame.body)")
        require(answered.insert(frame.call).inserted, "call \(frame.call) was answered twice")
      }
    }
  }

  func requireAnswers(to calls: Set<UInt32>) {
    let missing = calls.subtracting(answered)
    require(missing.isEmpty, "calls \(missing.sorted()) were not answered")
  }
}

/// Grants until it is revoked.
final class ScriptedGate: Gatekeeper, @unchecked Sendable {
  // Sendable: the gate is asked on the one thread of the embedded event loop.
  var isRevoked = false
  private let granted: Access

  init(scopes: Scopes, hasRate: Bool) {
    granted = Access(id: "id", name: "token", scopes: scopes, rate: hasRate ? RowRate(rowsPerSecond: 5) : nil)
  }

  func access(token: String) throws(WireStatus) -> Access {
    if token == "wrong" { throw WireStatus(.unauthenticated, "no such token") }
    return granted
  }

  func stillGrants(_ access: Access) -> Bool { !isRevoked }
}

extension Logger {
  static let silent = Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }
}
