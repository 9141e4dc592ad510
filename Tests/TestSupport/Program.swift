import Foundation
import Subprocess
import SystemPackage

/// One of the executables that were built beside the running tests.
public enum Program: String, Sendable {
  case docent
  case teacher = "docent-teacher"
  case student = "docent-student"

  /// Where the build put it: the folder of the test bundle, which is what runs now.
  public var path: String {
    let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    return tests.deletingLastPathComponent().appending(path: rawValue).path
  }

  /// What a finished program left behind.
  public struct Outcome: Sendable {
    /// The exit code, or minus the number of the signal that ended it.
    public var code: Int32
    public var output: String
    public var errors: String

    /// The JSON objects of standard output, one a line.
    public var objects: [[String: Any]] {
      get throws {
        try output.split(separator: "\n").map { line in
          guard let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
            throw CocoaError(.propertyListReadCorrupt)
          }
          return object
        }
      }
    }
  }

  /// Runs it to its end.
  public func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> Outcome {
    let changes = Dictionary(uniqueKeysWithValues: environment.map { (Environment.Key(stringLiteral: $0), $1) })
    let result = try await Subprocess.run(
      .path(FilePath(path)), arguments: Arguments(arguments),
      environment: .inherit.updating(changes.mapValues { Optional($0) }),
      output: .string(limit: 1 << 24), error: .string(limit: 1 << 24))
    return Outcome(
      code: result.terminationStatus.code, output: result.standardOutput, errors: result.standardError)
  }

  public func run(_ arguments: String...) async throws -> Outcome { try await run(arguments) }
}

extension TerminationStatus {
  var code: Int32 {
    switch self {
    case .exited(let code): code
    case .signaled(let signal): -signal
    }
  }
}
