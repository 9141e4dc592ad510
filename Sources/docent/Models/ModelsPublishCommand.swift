import ArgumentParser
import Console
import Foundation
import ModelStore
import Neural
import Registry
import Wire

/// `docent models publish`
struct ModelsPublishCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "publish",
    abstract: "Publishes a version of a registry to a teacher service, as a model's next version.",
    discussion: """
      The service recomputes the golden outputs before it takes the version. No alias moves, except that the first version \
      of a model makes 'stable'.

      Examples:
        docent models publish --registry student.sqlite --model student --to 127.0.0.1:7070/cartpole
        docent models publish --registry student.sqlite --model 'student#3' --to 127.0.0.1:7070/cartpole --json
      """)

  @Option(help: ArgumentHelp("The registry's file.", valueName: "file"))
  var registry: String
  @Option(help: "The version, as NAME, NAME@ALIAS or NAME#VERSION.", transform: { try ModelSelection($0) })
  var model: ModelSelection
  @Option(help: ArgumentHelp("The service, and the model there.", valueName: "host:port/name"))
  var to: String
  @Option(help: ArgumentHelp("The same id again publishes nothing and answers the same.", valueName: "id"))
  var requestID: String?
  @OptionGroup(title: "Connection") var connection: ConnectionOptions
  @OptionGroup var output: OutputOptions

  private struct Result: Encodable {
    let server: String
    let model: String
    let version: UInt64
    let sha256: String
  }

  func validate() throws { _ = try target() }

  func run() async throws {
    let (address, name) = try target()
    let store = try PolicyStore(path: registry, mode: .readOnly)
    let stored = try store.load(model: model.model, model.selector)
    let header = V1.PublishHeader(
      model: name, sha256: stored.version.sha256.bytes, lineage: V1.Lineage(stored.version.lineage),
      golden: V1.Golden(stored.golden ?? GoldenRows(of: stored.inference)), requestID: requestID ?? UUID().uuidString)
    let reply = try await connection.withClient(address) { client in
      try await client.publish(header, artefact: store.registry.artefact(of: stored.version))
    }
    let result = Result(
      server: address, model: name, version: reply.version, sha256: stored.version.sha256.hex)
    try output.results.print(
      result, text: "\(model.model)#\(stored.version.number) is now \(name)#\(reply.version) at \(address)")
  }

  private func target() throws -> (address: String, model: String) {
    let reference: ModelReference
    do throws(ModelStoreError) {
      reference = try ModelReference(to)
    } catch {
      throw ValidationError(error.message)
    }
    guard reference.place.isServer, !to.contains("@"), !to.contains("#") else {
      throw ValidationError(
        "--to is '\(to)', expected HOST:PORT/NAME or unix:SOCKET/NAME, without an alias or a version")
    }
    return (reference.place.description, reference.model)
  }
}

extension V1.Lineage {
  init(_ lineage: Registry.Lineage) {
    self.init(
      run: lineage.run ?? "", algorithm: lineage.algorithm ?? "", seed: lineage.seed ?? 0,
      environmentSteps: lineage.environmentSteps ?? 0,
      teachers: lineage.teachers.map { teacher in
        V1.TeacherUse(
          model: teacher.model, version: teacher.version, sha256: teacher.sha256?.bytes ?? [], queries: teacher.queries)
      })
  }
}

extension V1.Golden {
  init(_ golden: GoldenRows) {
    self.init(
      rows: golden.rows, observations: golden.observations, outputs: golden.outputs, values: golden.values)
  }
}
