import Crypto
import Foundation
import NIOCore
import Neural
import TestSupport
import Testing
import Wire

/// A publish whose connection ends before its last byte.
@Suite struct CutPublishTests {
  /// Two logits, straight from four observations: the fewest bytes that are a policy.
  private static func artefact() throws -> [UInt8] {
    let architecture = try PolicyArchitecture(
      environment: "CartPole-v1", observationWidth: 4, head: .categorical(actions: 2), policyHidden: [], hasValue: false
    )
    let parameters = (0..<architecture.parameterCount).map { Float($0) / 8 }
    return PolicyArtefact.encode(try Policy(architecture: architecture, parameters: parameters))
  }

  private static func header(_ artefact: [UInt8]) -> V1.PublishHeader {
    V1.PublishHeader(
      model: "cartpole", artefactBytes: UInt64(artefact.count), sha256: Array(SHA256.hash(data: artefact)))
  }

  private static func session(_ artefact: [UInt8]) -> [UInt8] {
    let half = artefact.count / 2
    return RawConnection.bytes(
      V1.Frame(.hello(V1.Hello(protocolNumber: 1, client: "cut"))),
      V1.Frame(call: 1, .publish(header(artefact))),
      V1.Frame(call: 1, .chunk(V1.Chunk(offset: 0, data: Array(artefact[..<half])))),
      V1.Frame(call: 1, .chunk(V1.Chunk(offset: UInt64(half), data: Array(artefact[half...])))))
  }

  @Test func leavesTheRegistryAsItWasWhereverItIsCut() async throws {
    let folder = try TemporaryFolder()
    let registry = folder.path("teacher.sqlite")
    try await ImportedPolicyTests.imported(into: registry)
    let artefact = try Self.artefact()
    let session = Self.session(artefact)
    let result = try await RunningTeacher.serve(registry: registry) { teacher in
      let address = try SocketAddress.makeAddressResolvingHost("127.0.0.1", port: teacher.port)
      let before = try Data(contentsOf: URL(fileURLWithPath: registry))
      for cut in 0..<session.count {
        let answer = try RawConnection.frames(try await RawConnection.say(Array(session[..<cut]), to: address))
        for case .publishReply in answer.map(\.body) { Issue.record("acknowledged after \(cut) bytes") }
      }
      #expect(try Data(contentsOf: URL(fileURLWithPath: registry)) == before)
      let client = try await TeacherClient.connect(to: teacher.address)
      let reply = try await client.publish(Self.header(artefact), artefact: artefact)
      await client.close()
      return reply.version
    }
    #expect(result.answer == 2)
  }
}
