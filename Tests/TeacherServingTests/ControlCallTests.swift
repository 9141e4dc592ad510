import Logging
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing
import Wire

@testable import TeacherServing

/// Calls of the control plane that outlive their callers.
@Suite(.timeLimit(.minutes(1))) struct ControlCallTests {
  /// Answers nothing until it is told to.
  private final class HeldControl: ControlPlane {
    private struct State {
      var isOpen = false
      var waiting: [CheckedContinuation<Void, Never>] = []
    }
    private let state = Mutex(State())

    var waiting: Int { state.withLock(\.waiting.count) }

    static func history(askedBy who: String) -> V1.HistoryReply {
      V1.HistoryReply(changes: [V1.AliasChange(alias: "a", from: 0, to: 1, who: who)])
    }

    /// A list of models that takes much of a frame.
    static let longList = V1.ListModelsReply(models: [V1.Model(name: String(repeating: "m", count: 3_000_000))])

    func open() {
      let waiting = state.withLock { state in
        state.isOpen = true
        defer { state.waiting = [] }
        return state.waiting
      }
      for continuation in waiting { continuation.resume() }
    }

    func answer(
      _ request: ServerRequest, who: String, scopes: Scopes, send: @escaping @Sendable (V1.Body) async throws -> Void
    ) async throws -> V1.Body? {
      if case .publish = request {
        await withCheckedContinuation { continuation in
          let isOpen = state.withLock { state in
            if !state.isOpen { state.waiting.append(continuation) }
            return state.isOpen
          }
          if isOpen { continuation.resume() }
        }
        return .publishReply(V1.PublishReply(version: 77))
      }
      if case .history = request { return .historyReply(Self.history(askedBy: who)) }
      if case .listModels = request { return .listModelsReply(Self.longList) }
      // Nobody answers these here.
      try await Task.sleep(for: .seconds(3600))
      return nil
    }
  }

  private func publish(_ call: UInt32, bytes: Int = 10) -> [UInt8] {
    RawConnection.bytes(
      V1.Frame(call: call, .publish(V1.PublishHeader(model: "m", artefactBytes: UInt64(bytes)))),
      V1.Frame(call: call, .chunk(V1.Chunk(data: [UInt8](repeating: 1, count: bytes)))))
  }

  /// A server of one event loop, on real sockets, whose control plane is the test's.
  private struct Server {
    let loop: ServerLoop<TeacherLoop>
    let address: SocketAddress

    func greet(token: String = "") async throws -> RawSession {
      let session = try await RawSession.greet(address, token: token)
      _ = await session.next()
      return session
    }

    func wait(
      until happens: @escaping @Sendable (ServerLoop<TeacherLoop>) -> Bool
    ) async throws {
      while try await !loop.eventLoop.submit({ happens(loop) }).get() { try await pause() }
    }
  }

  private func serve(
    _ control: HeldControl, settings: ServingSettings = .defaults, gate: any Gatekeeper = OpenGate(),
    _ body: (Server) async throws -> Void
  ) async throws {
    var settings = settings
    // A test that runs beside others, on a slow machine, may come to say Hello late.
    settings.server.helloTimeout = .minutes(1)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let loop = ServerLoop(
      eventLoop: group.next(),
      service: TeacherLoop(
        eventLoop: group.next(), settings: settings, control: control, compute: SteppedCompute()),
      settings: settings.server, share: ServerShare(settings: settings.server, gate: gate), logger: silent)
    let channel = try await WireServer.bind(
      to: .tcp(host: "127.0.0.1", port: 0), group: group, loops: [loop], logger: silent)
    let outcome: Result<Void, any Error>
    do {
      outcome = .success(try await body(Server(loop: loop, address: try #require(channel.localAddress))))
    } catch {
      outcome = .failure(error)
    }
    control.open()
    try await channel.close()
    try await loop.eventLoop.submit { loop.closeAll() }.get()
    try await group.shutdownGracefully()
    try outcome.get()
  }

  @Test("A change that outlives its connection answers nobody else, whatever memory the next connection gets")
  func outlivedConnection() async throws {
    let control = HeldControl()
    try await serve(control) { server in
      for connection in 1...30 {
        let session = try await server.greet()
        try await session.send(bytes: publish(1))
        while control.waiting < connection { try await pause() }
        await session.close()
        try await server.wait { $0.connectionCount == 0 }
      }
      // The same call numbers, on connections that may be where those were.
      var sessions: [RawSession] = []
      for _ in 0..<30 {
        let session = try await server.greet()
        try await session.send(V1.Frame(call: 1, .health(V1.HealthRequest(watch: true))))
        sessions.append(session)
      }
      try await server.wait { $0.service.controlTasks == 60 }
      control.open()
      try await server.wait { $0.service.controlTasks == 30 }
      for session in sessions {
        try await session.send(V1.Frame(call: 1, .cancel))
        #expect(await session.next()?.body.status?.code == .cancelled)
      }
      try await server.wait { $0.service.controlTasks == 0 }
    }
  }

  @Test("A publish that was given up holds its artefact's memory until the store is done with it")
  func outlivedPublish() async throws {
    let control = HeldControl()
    var settings = ServingSettings.defaults
    settings.server.artefactBytesMax = 100
    settings.server.publishedBytesMax = 100
    try await serve(control, settings: settings) { server in
      let (gone, cancels, other) = (try await server.greet(), try await server.greet(), try await server.greet())
      for session in [gone, cancels] { try await session.send(bytes: publish(1, bytes: 50)) }
      while control.waiting < 2 { try await pause() }
      await gone.close()
      try await server.wait { $0.connectionCount == 2 }
      try await cancels.send(V1.Frame(call: 1, .cancel))
      #expect(await cancels.next()?.body.status?.code == .cancelled)
      func answer(_ call: UInt32) async throws -> V1.Body? {
        try await other.send(bytes: publish(call, bytes: 100))
        return await other.next()?.body
      }
      #expect(try await answer(1)?.status?.code == .resourceExhausted)
      control.open()
      try await server.wait { $0.service.controlTasks == 0 }
      #expect(try await answer(2) == .publishReply(V1.PublishReply(version: 77)))
      #expect(try await answer(3) == .publishReply(V1.PublishReply(version: 77)))
    }
  }

  @Test("Answers that nobody reads are not kept: what the service holds of them is bounded, and later ones are refused")
  func unreadAnswers() async throws {
    var settings = ServingSettings.defaults
    // What is unsent keeps nothing from being read here: the bound on answers is alone.
    settings.server.unsentBytesMax = 1 << 30
    try await serve(HeldControl(), settings: settings) { server in
      let session = try await RawSession.greet(server.address, reads: false)
      let calls = 1...60 as ClosedRange<UInt32>
      for call in calls {
        try await session.send(V1.Frame(call: call, .listModels(.init())))
        try await server.wait { $0.service.measured($0.counters).metrics.control.counts.values.reduce(0, +) == call }
      }
      let made = try await server.loop.eventLoop.submit { server.loop.counters.bytesWritten }.get()
      // What two sockets take, a frame's worth that waits, and the answer that came after it; not 180 MB.
      #expect(made < 60_000_000, "\(made) bytes")
      try await session.read()
      var refusals: [WireStatus] = []
      _ = await session.next()
      for call in calls {
        let answer = await session.next()
        #expect(answer?.call == call)
        if let status = answer?.body.status { refusals.append(status) }
      }
      #expect(refusals.count > 40, "\(refusals.count)")
      #expect(refusals.allSatisfy { $0.code == .resourceExhausted && $0.message.contains("earlier answers") })
      // Once they are read, there is room.
      #expect(try await session.ask(61, .listModels(.init())) == .listModelsReply(HeldControl.longList))
    }
  }

  /// Whoever has a token is called "ann".
  private struct NamingGate: Gatekeeper {
    func access(token: String) throws(WireStatus) -> Access { Access(name: token.isEmpty ? "" : "ann", scopes: .all) }
    func stillGrants(_ access: Access) -> Bool { true }
  }

  @Test("Who asks is the token's name, else the peer's address, whatever the client calls itself")
  func whoAsks() async throws {
    try await serve(HeldControl(), gate: NamingGate()) { server in
      let (named, unnamed) = (try await server.greet(token: "secret"), try await server.greet())
      let port = try #require(unnamed.channel.localAddress?.port)
      for (session, who) in [(named, "ann"), (unnamed, "127.0.0.1:\(port)")] {
        let answer = try await session.ask(1, .history(V1.HistoryRequest(model: "m")))
        #expect(answer == .historyReply(HeldControl.history(askedBy: who)))
        await session.close()
      }
    }
  }

  @Test("A connection has an eighth of the control calls, and its watches leave the others theirs")
  func connectionsShare() async throws {
    var settings = ServingSettings.defaults
    settings.controlCallsMax = 16
    let watch = V1.Body.health(V1.HealthRequest(watch: true))
    try await serve(HeldControl(), settings: settings) { server in
      for session in [try await server.greet(), try await server.greet()] {
        try await session.send(V1.Frame(call: 1, watch), V1.Frame(call: 2, watch))
        #expect(
          try await session.ask(3, watch)
            == .status(
              WireStatus(
                .resourceExhausted, "2 control calls of this connection are under way, expected fewer than 2",
                retryAfterMicroseconds: 100_000)))
        // One that it gives up makes room for another.
        #expect(try await session.ask(1, .cancel)?.status?.code == .cancelled)
        try await session.send(V1.Frame(call: 4, watch))
        #expect(try await session.ask(5, watch)?.status?.code == .resourceExhausted)
        await session.close()
      }
    }
  }

  @Test("Watches have half of the control calls, however many connections they are of")
  func watchesShare() async throws {
    var settings = ServingSettings.defaults
    settings.controlCallsMax = 16
    try await serve(HeldControl(), settings: settings) { server in
      let bodies = [V1.Body.health(V1.HealthRequest(watch: true)), .watch(V1.WatchRequest())]
      var sessions: [RawSession] = []
      for _ in 0..<4 {
        let session = try await server.greet()
        try await session.send(V1.Frame(call: 1, bodies[0]), V1.Frame(call: 2, bodies[1]))
        sessions.append(session)
      }
      try await server.wait { $0.service.controlTasks == 8 }
      let other = try await server.greet()
      for (call, body) in [(1, bodies[0]), (2, bodies[1])] as [(UInt32, V1.Body)] {
        #expect(
          try await other.ask(call, body)
            == .status(
              WireStatus(
                .resourceExhausted, "8 watches are open on this event loop, expected fewer than 8",
                retryAfterMicroseconds: 100_000)))
      }
      guard case .historyReply = try await other.ask(3, .history(V1.HistoryRequest(model: "m"))) else {
        Issue.record("not answered")
        return
      }
      // Of those that are given up, and of a connection that goes, the places are free again.
      #expect(try await sessions[0].ask(1, .cancel)?.status?.code == .cancelled)
      await sessions[1].close()
      try await server.wait { $0.service.controlTasks == 5 }
      try await other.send(V1.Frame(call: 4, bodies[1]))
      try await server.wait { $0.service.controlTasks == 6 }
    }
  }
}
