import NIOPosix
import Registry

/// The tokens of a registry's file, read beside everything else: a revocation does not wait for a version that is
/// verified, loaded or published.
///
/// The registry blocks the thread that calls it, so it is called on a thread of its own.
struct TokenSource {
  private let registry: ModelRegistry
  private let thread = NIOThreadPool(numberOfThreads: 1)

  /// - Parameter path: of a registry that is there.
  init(path: String) throws {
    registry = try ModelRegistry.open(path: path, mode: .readOnly)
    thread.start()
  }

  func close() async {
    try? await thread.shutdownGracefully()
  }

  func tokens() async throws -> [TokenRecord] {
    try await thread.runIfActive { [registry] in try registry.tokens() }
  }

  /// A number that changes when another connection has changed the registry.
  func foreignChanges() async throws -> Int64 {
    try await thread.runIfActive { [registry] in try registry.foreignChanges() }
  }
}
