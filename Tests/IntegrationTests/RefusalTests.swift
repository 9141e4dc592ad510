import Foundation
import TestSupport
import Testing

/// What a user gets to read when something is wrong: an exit code, and a text with what was given and what would do.
@Suite struct RefusalTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    /// `{R}` is a registry with model `cartpole`, `{D}` the folder, `{S}` the service's address.
    let arguments: String
    var program = Program.docent
    var code: Int32 = 1
    /// All of these stand in the error.
    let says: [String]
    var testDescription: String { name }
  }

  static let withoutService = [
    Case(name: "no such command", arguments: "fly", code: 2, says: ["error:", "fly"]),
    Case(
      name: "unknown environment", arguments: "env trace Chess-v0 --seed 1 --actions 0",
      says: ["Chess-v0", "CartPole-v1"]),
    Case(
      name: "an action that is none", arguments: "env trace CartPole-v1 --seed 1 --actions 0,2", code: 2,
      says: ["'2'", "0 to 1"]),
    Case(name: "no registry there", arguments: "models list --registry {D}/none.sqlite", says: ["none.sqlite"]),
    Case(name: "not a registry", arguments: "models list --registry {D}/text.sqlite", says: ["text.sqlite"]),
    Case(
      name: "unknown model", arguments: "models show --registry {R} --model chess", says: ["chess", "cartpole"]),
    Case(
      name: "unknown version", arguments: "evaluate CartPole-v1 --model {R}/cartpole#9 --episodes 1 --seed 0",
      says: ["no version #9", "#1"]),
    Case(
      name: "unknown alias", arguments: "evaluate CartPole-v1 --model {R}/cartpole@nobody --episodes 1 --seed 0",
      says: ["nobody", "stable"]),
    Case(
      name: "no teacher at the address",
      arguments:
        "distill CartPole-v1 --teacher 127.0.0.1:9/cartpole --steps 128 --seed 1 --registry {D}/s.sqlite --model m",
      says: ["127.0.0.1:9", "docent-teacher"]),
    Case(
      name: "a number that fp32 has not", arguments: "query 127.0.0.1:9/cartpole --observation 0,1e60", code: 2,
      says: ["'1e60'", "fp32"]),
    Case(
      name: "no service at a socket", arguments: "query unix:{D}/none.sock/cartpole --observation 0,0,0,0",
      says: ["no teacher at unix:", "none.sock"]),
    Case(
      name: "a key without its certificate",
      arguments: "query 127.0.0.1:9/cartpole --observation 0,0,0,0 --tls-key {D}/k.pem", code: 2,
      says: ["--tls-key", "--tls-certificate"]),
    Case(
      name: "a token's file that is not there", arguments: "models list --server 127.0.0.1:9 --token-file {D}/none",
      says: ["none", "token"]),
    Case(
      name: "an authority's file that is not there",
      arguments: "evaluate CartPole-v1 --model 127.0.0.1:9/cartpole --tls-ca {D}/none.pem",
      says: ["none.pem", "PEM"]),
    Case(
      name: "truncated safetensors",
      arguments:
        "models import --registry {D}/i.sqlite --safetensors {D}/cut.safetensors --environment CartPole-v1 --model m --activation tanh",
      says: ["cut.safetensors"]),
    Case(
      name: "a job with a key that is none", arguments: "train {D}/job.yaml", program: .student,
      says: ["stepz", "steps"]),
    Case(
      name: "a service on an address that is not loopback",
      arguments: "serve --registry {R} --listen 0.0.0.0:0", program: .teacher, code: 2, says: ["--insecure", "0.0.0.0"]),
  ]

  @Test(arguments: withoutService) func isRefusedClearly(_ refused: Case) async throws {
    let folder = try Self.folder()
    let registry = folder.path("teacher.sqlite")
    try await ImportedPolicyTests.imported(into: registry)
    try await Self.expect(refused, folder: folder, registry: registry, service: "")
  }

  static let withService = [
    Case(
      name: "wrong width", arguments: "query {S}/cartpole --observation 0.1,0.2,0.3",
      says: ["3 numbers a row", "expected 4"]),
    Case(
      name: "unknown model", arguments: "query {S}/chess --observation 0.1,0.2,0.3,0.4", says: ["chess", "cartpole"]),
    Case(
      name: "unknown version", arguments: "query {S}/cartpole#9 --observation 0.1,0.2,0.3,0.4",
      says: ["no version 9", "expected one of: 1"]),
    Case(
      name: "an alias to a version that is not there",
      arguments: "models alias --server {S} --model cartpole --alias stable --to 9", says: ["version 9"]),
    Case(
      name: "TLS to a service without", arguments: "query {S}/cartpole --observation 0.1,0.2,0.3,0.4 --tls",
      says: ["no connection to {S}", "TLS"]),
    Case(
      name: "the port in use", arguments: "serve --registry {R} --listen {S}", program: .teacher,
      says: ["{S}", "in use"]),
  ]

  @Test func theServiceRefusesClearlyAndServesOn() async throws {
    let folder = try Self.folder()
    let registry = folder.path("teacher.sqlite")
    try await ImportedPolicyTests.imported(into: registry)
    let served = try await RunningTeacher.serve(registry: registry) { teacher in
      for refused in Self.withService {
        try await Self.expect(refused, folder: folder, registry: registry, service: teacher.address)
      }
      return try await Program.docent.run("query", "\(teacher.address)/cartpole", "--observation", "0.1,0.2,0.3,0.4")
    }
    #expect(served.answer.code == 0, "\(served.answer.errors)")
    #expect(served.code == 0)
  }

  private static func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try Data("not a database".utf8).write(to: folder.url.appending(path: "text.sqlite"))
    let policy = try Data(contentsOf: URL(fileURLWithPath: ImportedPolicyTests.policy))
    try policy.prefix(1000).write(to: folder.url.appending(path: "cut.safetensors"))
    let job = "environment: CartPole-v1\nteacher: r.sqlite/m\nstepz: 20\nregistry: s.sqlite\nmodel: m\n"
    try Data(job.utf8).write(to: folder.url.appending(path: "job.yaml"))
    return folder
  }

  private static func expect(
    _ refused: Case, folder: TemporaryFolder, registry: String, service: String
  ) async throws {
    func filled(_ text: String) -> String {
      text.replacingOccurrences(of: "{R}", with: registry).replacingOccurrences(of: "{D}", with: folder.url.path)
        .replacingOccurrences(of: "{S}", with: service)
    }
    let before = try? Data(contentsOf: URL(fileURLWithPath: registry))
    let outcome = try await refused.program.run(refused.arguments.split(separator: " ").map { filled(String($0)) })
    #expect(outcome.code == refused.code, "\(refused.name): \(outcome.errors)")
    #expect(outcome.output.isEmpty, "\(refused.name): nothing on standard output but results")
    for text in refused.says {
      #expect(outcome.errors.contains(filled(text)), "\(refused.name): \(outcome.errors)")
    }
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: registry)) == before, "\(refused.name): the registry is as it was")
  }
}
