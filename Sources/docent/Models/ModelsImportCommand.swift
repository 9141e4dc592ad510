import ArgumentParser
import Console
import ModelStore
import Neural
import Registry

/// `docent models import`
struct ModelsImportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Imports an MlpPolicy of Stable-Baselines3 as the next version of a model.",
    discussion: """
      The file holds the policy's state dict as safetensors. A state dict does not say its activation: give it, unless the \
      file's metadata has it under the key 'activation'. The statistics of a VecNormalize are a JSON file: \
      {"mean": [...], "variance": [...], "epsilon": 1e-8, "limit": 10}.

      An environment that Docent does not have is described by its spaces.

      Examples:
        docent models import --registry teacher.sqlite --safetensors policy.safetensors --environment CartPole-v1 \
      --model cartpole --activation tanh
        docent models import --registry teacher.sqlite --safetensors lander.safetensors --environment LunarLander-v3 \
      --observation-width 8 --actions 4 --model lander --activation tanh --normalizer statistics.json
      """)

  @Option(help: ArgumentHelp("The registry's file; made where there is none.", valueName: "file"))
  var registry: String
  @Option(help: ArgumentHelp("The state dict.", valueName: "file"))
  var safetensors: String
  @OptionGroup var spaces: SpaceOptions
  @Option(help: ArgumentHelp("The model that gets a version.", valueName: "name"))
  var model: String
  @Option(help: "The policy's activation.")
  var activation: Activation?
  @Option(help: ArgumentHelp("Statistics of the observations, as JSON.", valueName: "file"))
  var normalizer: String?
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard RegistryName.isValid(model) else {
      throw ValidationError("model name '\(model)' is not allowed; expected \(RegistryName.rule)")
    }
  }

  func run() async throws {
    // Everything is read and checked before the registry is touched.
    let spaces = try spaces.resolve()
    let normalizer = try normalizer.map { path in
      let json = try WholeFile.read(path)
      return try naming(path) { try NormalizerFile.read(json) }
    }
    let bytes = try WholeFile.read(safetensors)
    let policy = try naming(safetensors) {
      try StableBaselines3.read(
        safetensors: bytes, environment: spaces.environment,
        observationWidth: spaces.observationWidth, actions: spaces.actions, activation: activation,
        normalizer: normalizer)
    }
    let store = try PolicyStore(path: registry, mode: .create)
    let version = try store.publish(
      policy, model: model, lineage: Lineage(algorithm: "import"), who: OperatorName.current)
    let listing = VersionListing(version, aliases: try store.registry.aliases(of: model))
    try output.results.print(listing, text: listing.text)
  }

  private func naming<Answer>(_ path: String, _ body: () throws -> Answer) throws -> Answer {
    do {
      return try body()
    } catch let error as NeuralError where error.code == .informationMissing {
      throw NeuralError(error.code, "\(path): \(error.message): --activation tanh|relu")
    } catch let error as NeuralError {
      throw NeuralError(error.code, "\(path): \(error.message)")
    } catch let error as ModelStoreError {
      throw ModelStoreError(error.code, "\(path): \(error.message)")
    }
  }
}
