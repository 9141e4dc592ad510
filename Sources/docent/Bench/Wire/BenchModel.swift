import Console
import Foundation
import ModelStore
import Neural
import Registry
import StudentTraining

/// What the teacher service serves in a benchmark: an untrained policy, in a registry of its own.
struct BenchModel {
  static let name = "bench"

  let registry: String
  let network: BenchNetwork
  let inference: InferencePolicy
  /// The bytes of a client of this model.
  let frames: WireFrames

  /// - Parameters:
  ///   - registry: the path of a registry to make.
  ///   - rows: of every query.
  static func make(_ network: BenchNetwork, rows: Int = 1, registry: String) throws -> BenchModel {
    let policy = try network.policy()
    let version = try PolicyStore(path: registry, mode: .create).publish(
      policy, model: name, who: OperatorName.current)
    return BenchModel(
      registry: registry, network: network, inference: InferencePolicy(policy),
      frames: WireFrames(network, model: name, rows: rows, version: version.number, architecture: policy.architecture))
  }

  /// Makes the model in a temporary folder, and serves it on a free loopback port while `body` runs.
  ///
  /// One query is asked before, whose answer must be the policy's, to the bit: a fast wrong answer is worth nothing.
  ///
  /// - Parameter arguments: more of `docent-teacher serve`.
  static func served<Answer: Sendable>(
    _ network: BenchNetwork, rows: Int = 1, arguments: [String] = [],
    body: (BenchModel, ServiceProcess) async throws -> Answer
  ) async throws -> Answer {
    try await withTemporaryFolder { folder in
      let model = try make(network, rows: rows, registry: "\(folder)/teacher.sqlite")
      return try await model.withTeacher(arguments: arguments) { teacher in
        try await onOwnThread { [frames = model.frames, inference = model.inference] in
          let connection = try BenchConnection(port: teacher.port)
          try frames.check(connection, against: inference)
          connection.close()
        }
        return try await body(model, teacher)
      }
    }
  }

  /// Serves it while `body` runs; nothing was asked before.
  func withTeacher<Answer: Sendable>(
    arguments: [String] = [], body: (ServiceProcess) async throws -> Answer
  ) async throws -> Answer {
    // A line for each connection would be written while the next load is measured.
    let serve = ["serve", "--registry", registry, "--listen", "127.0.0.1:0", "--log-level", "warning"]
    return try await ServiceProcess.run("docent-teacher", arguments: serve + arguments, body: body)
  }

  /// What other load tools need to put the same load on the service.
  struct Files: Encodable {
    let registry, preface, request: String
    /// Frames that answer the preface.
    let prefaceReplies = 1
    /// Where the request holds its call number, a little-endian 32-bit word.
    let callOffset: Int
    /// Observations in the request.
    let rows: Int
    /// Payload bytes of every answer.
    let replyBytes: Int

    var text: String {
      """
      docent-teacher serve --registry \(registry)
      connect: send \(preface), skip \(prefaceReplies) frame
      call:    send \(request), call number (little-endian, 32 bits) at byte \(callOffset); answers have \(replyBytes) payload bytes
      """
    }
  }

  /// Writes the frames to files beside the registry.
  func writeFrames(to folder: String, _ results: ResultPrinter) throws {
    let files = Files(
      registry: registry, preface: "\(folder)/preface.bin", request: "\(folder)/request.bin",
      callOffset: frames.load.callOffset, rows: frames.rows, replyBytes: frames.replyBytes)
    try Data(frames.load.preface).write(to: URL(fileURLWithPath: files.preface))
    try Data(frames.load.request).write(to: URL(fileURLWithPath: files.request))
    try results.print(files, text: files.text)
  }
}

/// Makes a folder, and removes it with all that is in it when `body` has ended.
func withTemporaryFolder<Answer>(_ body: (String) async throws -> Answer) async throws -> Answer {
  let folder = FileManager.default.temporaryDirectory.appending(path: "docent-bench-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try await body(folder.path)
}
