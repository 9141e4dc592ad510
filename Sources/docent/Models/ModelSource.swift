import ArgumentParser
import ModelStore
import Registry

/// Where models are looked up: in a registry's file, or at a service. Both answer in the same words.
protocol ModelSource: Sendable {
  /// Every version of every model, or of one.
  func versions(of model: String?) async throws -> [VersionListing]
  func version(_ selection: ModelSelection) async throws -> VersionListing
  func history(of model: String) async throws -> [AliasChangeListing]
  func moveAlias(_ move: AliasMoveRequest) async throws -> AliasMoveListing
  func verify(model: String?) async throws -> [VerificationListing]
  /// A version's artefact, checked against its SHA-256, and the version's number.
  func artefact(of selection: ModelSelection) async throws -> (bytes: [UInt8], version: UInt64)
}

/// `--registry R` or `--server HOST:PORT`: one of them.
struct SourceOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The registry's file.", valueName: "file"))
  var registry: String?
  @Option(help: ArgumentHelp("A teacher service, or unix: and its socket.", valueName: "host:port"))
  var server: String?
  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  func validate() throws {
    guard (registry == nil) != (server == nil) else {
      throw ValidationError(
        "\(registry == nil ? "neither" : "both") of --registry and --server given; "
          + "expected one, as in --registry teacher.sqlite or --server 127.0.0.1:7070")
    }
  }

  /// - Parameter mode: how a registry is opened.
  func withSource<Answer>(_ mode: ModelRegistry.Mode, _ body: (any ModelSource) async throws -> Answer) async throws
    -> Answer
  {
    if let registry { return try await body(RegistrySource(store: PolicyStore(path: registry, mode: mode))) }
    return try await connection.withClient(server ?? "") { try await body(ServerSource(client: $0)) }
  }
}

/// A change of an alias that somebody asks for.
struct AliasMoveRequest {
  var model: String
  var alias: String
  /// nil: remove it.
  var to: UInt64?
  var why: String
  var requestID: String
}
