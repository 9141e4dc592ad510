import Foundation
import Logging
import NIOCore
import NIOPosix
import Subprocess
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import TeacherServing
@testable import docent

/// The viewer against the service's own endpoint.
@Suite struct TopCommandTests {
  /// An endpoint of a service that has answered 100 queries more, a second later, each time it is asked.
  private func endpoint(port: Int = 0) async throws -> MetricsEndpoint {
    let service = Mutex(FakeService.pair)
    return try await MetricsEndpoint.start(
      host: "127.0.0.1", port: port, group: MultiThreadedEventLoopGroup.singleton,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    ) {
      service.withLock { service in
        service.answer(batches: 25, by: 0, in: 1)
        return service.snapshot
      }
    }
  }

  private func serve<Answer>(_ body: (String) async throws -> Answer) async throws -> Answer {
    let endpoint = try await endpoint()
    do {
      let answer = try await body("127.0.0.1:\(endpoint.address.port ?? 0)")
      await endpoint.close()
      return answer
    } catch {
      await endpoint.close()
      throw error
    }
  }

  @Test("Without a terminal one measurement is printed")
  func plain() async throws {
    try await serve { address in
      let outcome = try await Program.docent.run("top", address, "--interval", "0.1", "--timeout", "100")
      #expect(outcome.code == 0 && outcome.errors == "")
      let lines = outcome.output.split(separator: "\n")
      #expect(lines.first?.hasPrefix("docent-teacher \(address)  up 1:42  1 event loop") == true)
      #expect(lines.count == 5 && lines[1].hasPrefix("100 queries/s  100 rows/s  "))
      #expect(lines.last?.split(separator: " ").prefix(6) == ["cartpole", "#1", "stable", "100", "100", "4.0"])
      #expect(!outcome.output.contains("\u{1B}"))
    }
  }

  @Test("--json --once prints one object")
  func json() async throws {
    try await serve { address in
      let outcome = try await Program.docent.run(
        "top", address, "--interval", "0.1", "--timeout", "100", "--json", "--once")
      let object = try #require(try outcome.objects.first)
      #expect(outcome.code == 0 && outcome.output.filter { $0 == "\n" }.count == 1)
      #expect(object["queries_per_second"] as? Double == 100 && object["seconds"] as? Double == 1)
      let versions = try #require(object["versions"] as? [[String: Any]])
      #expect(versions.map { $0["version"] as? Int } == [2, 1])
      #expect((versions[1]["queue_seconds"] as? [String: Double])?.keys.sorted() == ["p50", "p99"])
    }
  }

  @Test(
    "A service that goes away is told once, waited for, and shown again when it is back; SIGTERM ends the view well")
  func outage() async throws {
    let first = try await endpoint()
    let port = first.address.port ?? 0
    let result = try await Subprocess.run(
      .path(FilePath(Program.docent.path)),
      arguments: ["top", "127.0.0.1:\(port)", "--interval", "0.1", "--timeout", "100", "--json"],
      input: .none, output: .sequence, error: .sequence
    ) { execution in
      do {
        var lines = execution.standardOutput.strings().makeAsyncIterator()
        var errors = execution.standardError.strings().makeAsyncIterator()
        #expect(try await lines.next()?.contains("\"queries_per_second\":100,") == true)
        await first.close()
        let told = try await errors.next() ?? ""
        #expect(told.hasPrefix("no metrics at 127.0.0.1:\(port): ") && told.contains("; still trying"))
        let second = try await endpoint(port: port)
        // Until the new service's first counts, which are those of one second.
        while let line = try await lines.next(), !line.contains("\"uptime_seconds\":101") {}
        #expect(try await lines.next()?.contains("\"uptime_seconds\":102") == true)
        try execution.send(signal: .terminate)
        while try await lines.next() != nil {}
        #expect(try await errors.next() == nil)
        await second.close()
      } catch {
        await execution.teardown(using: [])
        throw error
      }
    }
    #expect(result.terminationStatus.isSuccess)
  }

  @Test("A service that is not there, and an address that is none, are said so")
  func refusals() async throws {
    let nobody = try await Program.docent.run("top", "127.0.0.1:9", "--once")
    #expect(nobody.code == 1 && nobody.errors.contains("no metrics at 127.0.0.1:9: connection refused"))
    let wrong = try await Program.docent.run("top", "9464")
    #expect(wrong.code == 2 && wrong.errors.contains("HOST:PORT"))
  }

  @Test("What answers and is no teacher is told from one that does not answer")
  func otherServers() async throws {
    func failure(_ response: String) async throws -> String {
      let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .childChannelInitializer { channel in
          channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Says(response)) }
        }
        .bind(host: "127.0.0.1", port: 0).get()
      let client = MetricsClient(
        address: MetricsAddress(host: "127.0.0.1", port: server.localAddress?.port ?? 0), limit: 100)
      let failure = await #expect(throws: MetricsFailure.self) { try await client.read() }
      try await server.close()
      return failure?.description ?? ""
    }
    #expect(try await failure("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").contains("answered 404"))
    #expect(
      try await failure("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nup 1\n").contains("no metrics of docent-teacher"))
    #expect(try await failure("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>").contains("line 1 is no sample"))
    #expect(try await failure("").contains("closed before it answered"))
  }

  /// Answers whatever comes with one text, and closes.
  private final class Says: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let text: String

    init(_ text: String) {
      self.text = text
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      context.channel.writeAndFlush(ByteBuffer(string: text), promise: nil)
      context.close(promise: nil)
    }
  }
}
