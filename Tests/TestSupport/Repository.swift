public import Foundation

/// The checkout that the tests were compiled from, for the fixtures committed in it.
public enum Repository {
  public static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// A file beside the tests, such as `NeuralTests/Fixtures/policy.safetensors`.
  public static func fixture(_ path: String) -> URL { root.appending(path: "Tests").appending(path: path) }
}
