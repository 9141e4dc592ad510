import Foundation
import NIOCore
import TestSupport
import Testing
import Wire

@testable import docent_teacher

/// How the service ends when it is asked to, and where it may listen.
@Suite(.timeLimit(.minutes(1))) struct EndingTests {
  private let folder: TemporaryFolder
  private let registry: String

  init() async throws {
    folder = try TemporaryFolder()
    registry = folder.path("teacher.sqlite")
    try await ImportedPolicyTests.imported(into: registry)
  }

  private func watch(_ teacher: RunningTeacher) async throws -> RawSession {
    let session = try await RawSession.greet(try teacher.socketAddress)
    _ = await session.next()
    // A call that lasts: the service ends it when it drains.
    let body = try await session.ask(1, .health(V1.HealthRequest(model: "cartpole", watch: true)))
    #expect(body == .healthReply(V1.HealthReply(serving: .serving)))
    return session
  }

  /// A publish of which one chunk is missing: a call that only its client can end.
  private func hang(_ teacher: RunningTeacher) async throws -> RawSession {
    let session = try await RawSession.greet(try teacher.socketAddress)
    _ = await session.next()
    try await session.send(
      V1.Frame(call: 1, .publish(V1.PublishHeader(model: "m", artefactBytes: 10))),
      V1.Frame(call: 1, .chunk(V1.Chunk(data: [1]))))
    _ = try await session.ask(2, .health(V1.HealthRequest()))
    return session
  }

  private func isRefused(_ teacher: RunningTeacher) async throws -> Bool {
    (try? await RawSession.connect(to: try teacher.socketAddress)) == nil
  }

  @Test("SIGTERM: everybody is told, what is open finishes, nobody is let in, and the service exits with 0")
  func drains() async throws {
    let ended = try await RunningTeacher.serve(registry: registry, endsInBody: true) { teacher in
      let (watcher, hanging) = (try await watch(teacher), try await hang(teacher))
      teacher.send(SIGTERM)
      let drained = WireStatus(.unavailable, "the server is shutting down")
      let told = await watcher.rest()
      #expect(told.contains(V1.Frame(.goAway(V1.GoAway(lastCall: 1, status: drained)))), "\(told)")
      #expect(told.contains(V1.Frame(call: 1, .status(drained))), "\(told)")
      #expect(try await isRefused(teacher))
      // The open publish is still taken, to its last byte.
      #expect(await hanging.next() == V1.Frame(.goAway(V1.GoAway(lastCall: 2, status: drained))))
      try await hanging.send(V1.Frame(call: 1, .chunk(V1.Chunk(offset: 1, data: [UInt8](repeating: 2, count: 9)))))
      // It is no policy: that is an answer too.
      let answers = await hanging.rest()
      #expect(answers.map(\.call) == [1])
    }
    #expect(ended.code == 0, "\(ended.log)")
    #expect(ended.log.contains("draining") && ended.log.contains("ended"))
  }

  @Test("What hangs is cut off at the limit, and the service exits with 0")
  func cutsOff() async throws {
    let ended = try await RunningTeacher.serve(
      registry: registry, arguments: ["--drain-seconds", "1"], endsInBody: true
    ) { teacher in
      let hanging = try await hang(teacher)
      teacher.send(SIGTERM)
      let frames = await hanging.rest()
      #expect(frames.count == 1, "GoAway, then the end")
    }
    #expect(ended.code == 0, "\(ended.log)")
  }

  @Test("A second SIGTERM ends it at once, with 143")
  func secondSignal() async throws {
    let ended = try await RunningTeacher.serve(registry: registry, endsInBody: true) { teacher in
      let hanging = try await hang(teacher)
      teacher.send(SIGTERM)
      // GoAway says that the first was heard.
      _ = await hanging.next()
      let hasEnded = Signal()
      async let rest: Void = {
        _ = await hanging.rest()
        hasEnded.raise()
      }()
      // What comes at once is the same request.
      while !hasEnded.isRaised {
        teacher.send(SIGTERM)
        try await Task.sleep(for: .milliseconds(10))
      }
      await rest
    }
    #expect(ended.code == 143, "\(ended.log)")
    #expect(ended.log.contains("asked twice to end"))
  }

  @Test("Under timeout(1), which passes SIGTERM on to its child and to the child's group, what is open finishes")
  func signalledTwiceAtOnce() async throws {
    for _ in 1...5 {
      let ended = try await RunningTeacher.serve(
        registry: registry, wrapper: ["/usr/bin/env", "timeout", "60"], endsInBody: true
      ) { teacher in
        let hanging = try await hang(teacher)
        teacher.send(SIGTERM)
        guard case .goAway = await hanging.next()?.body else {
          Issue.record("no GoAway")
          return
        }
        try await hanging.send(V1.Frame(call: 1, .chunk(V1.Chunk(offset: 1, data: [UInt8](repeating: 2, count: 9)))))
        #expect(await hanging.rest().map(\.call) == [1], "the open call is answered")
      }
      // timeout(1) exits as its child did.
      #expect(ended.code == 0, "\(ended.log)")
      #expect(!ended.log.contains("asked twice to end"))
    }
  }

  @Test("The same signal again within 100 ms is the same request; later, or another signal, it is a second one")
  func requestsToEnd() {
    let start = ContinuousClock.now
    var requests = EndRequests()
    let taken = [(SIGTERM, 0), (SIGTERM, 1), (SIGTERM, 99), (SIGINT, 1), (SIGTERM, 100)].map {
      requests.take($0.0, at: start + .milliseconds($0.1))
    }
    #expect(taken == [false, false, false, true, true], "since the first, not since the last")
  }

  // MARK: Where it listens

  @Test("A Unix-domain socket serves beside TCP; a file that nobody answers at is replaced, another service's is not")
  func unixSocket() async throws {
    let path = folder.path("s")
    let address = try SocketAddress(unixDomainSocketPath: path)
    for round in 1...2 {
      let ended = try await RunningTeacher.serve(
        registry: registry, arguments: ["--unix-socket", path], endsInBody: round == 1
      ) { teacher in
        for address in [address, try teacher.socketAddress] {
          let session = try await RawSession.greet(address)
          _ = await session.next()
          let zeros = [UInt8](repeating: 0, count: 16)
          let body = try await session.ask(
            1, .infer(V1.InferRequest(model: "cartpole", rows: 1, observations: zeros)))
          if case .inferReply = body {} else { Issue.record("\(String(describing: body))") }
          await session.close()
        }
        let second = try await Program.teacher.run(
          "serve", "--registry", registry, "--listen", "127.0.0.1:0", "--unix-socket", path)
        #expect(second.code == 1 && second.errors.contains(path) && second.errors.contains("in use"))
        #expect(second.output.isEmpty)
        // The first still answers.
        let session = try await RawSession.greet(address)
        #expect(await session.next() != nil)
        if round == 1 { teacher.send(SIGKILL) }
      }
      #expect(ended.code == (round == 1 ? -SIGKILL : 0), "\(ended.log)")
      #expect(ended.log.contains("peer=unix"))
      #expect(FileManager.default.fileExists(atPath: path) == (round == 1), "who ends in order takes it away")
    }
  }

  @Test(
    "Beyond this machine it listens with TLS and tokens or client certificates, or when told that it is insecure",
    arguments: [[], ["--tokens"], ["--tls-certificate", "c.pem", "--tls-key", "k.pem"]])
  func refusesOpenAddress(arguments: [String]) async throws {
    let outcome = try await Program.teacher.run(
      ["serve", "--registry", registry, "--listen", "0.0.0.0:0"] + arguments)
    #expect(outcome.code == 2 && outcome.output.isEmpty)
    for text in ["0.0.0.0:0", "127.0.0.1", "--tls-certificate", "--tokens", "--tls-client-ca", "--insecure"] {
      #expect(outcome.errors.contains(text), "\(outcome.errors)")
    }
  }

  @Test("--insecure listens everywhere, and says so in the log")
  func insecure() async throws {
    let ended = try await RunningTeacher.serve(registry: registry, listen: "0.0.0.0:0", arguments: ["--insecure"]) {
      teacher in #expect(teacher.address.hasPrefix("0.0.0.0:"))
    }
    #expect(ended.code == 0 && ended.log.contains("warning") && ended.log.contains("insecure"))
  }

  @Test("So do metrics that are open to everybody, and those of loopback say nothing")
  func openMetrics() async throws {
    for (address, warnings) in [("0.0.0.0:0", 1), ("127.0.0.1:0", 0)] {
      let ended = try await RunningTeacher.serve(
        registry: registry, arguments: ["--metrics", address, "--insecure"]
      ) { _ in }
      let said = ended.log.split(separator: "\n").filter { $0.contains("warning") }
      #expect(ended.code == 0 && said.count == warnings, "\(ended.log)")
      #expect(said.allSatisfy { $0.contains("insecure") && $0.contains("metrics at \(address)") })
    }
  }

}

extension RunningTeacher {
  var socketAddress: SocketAddress {
    get throws { try SocketAddress.makeAddressResolvingHost("127.0.0.1", port: port) }
  }
}
