import ArgumentParser
import Console
import ModelStore
import Neural
import Registry

/// `docent models export`
struct ModelsExportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Writes a version as a safetensors file.",
    discussion: """
      Tensors have Stable-Baselines3's names and PyTorch's shapes; the architecture is in the metadata. The version is \
      checked first, and the file appears whole or not at all.

      Examples:
        docent models export --registry teacher.sqlite --model cartpole --out cartpole.safetensors
        docent models export --registry teacher.sqlite --model 'cartpole#2' --out cartpole-2.safetensors --force
        docent models export --server 127.0.0.1:7070 --model cartpole --out cartpole.safetensors
      """)

  @OptionGroup var source: SourceOptions
  @Option(help: "The version, as NAME, NAME@ALIAS or NAME#VERSION.", transform: { try ModelSelection($0) })
  var model: ModelSelection
  @Option(help: ArgumentHelp("The file to write.", valueName: "file"))
  var out: String
  @Flag(help: "Replace a file that is there.")
  var force = false
  @OptionGroup var output: OutputOptions

  private struct Result: Encodable {
    let model: String
    let version: UInt64
    let out: String
    let bytes: Int
    let sha256: String
  }

  func run() async throws {
    let (artefact, version) = try await source.withSource(.readOnly) { try await $0.artefact(of: model) }
    try ExclusiveFile.write(artefact, to: out, replacing: force)
    let result = Result(
      model: model.model, version: version, out: out, bytes: artefact.count, sha256: ContentHash(of: artefact).hex)
    try output.results.print(
      result, text: "\(result.model)#\(result.version) -> \(out) (\(NumberFormat.bytes(result.bytes)))")
  }
}
