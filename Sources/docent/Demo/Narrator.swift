import Console
import Subprocess
import SystemPackage

/// Tells the demo's story on standard error: what happens, and the commands that make it happen.
struct Narrator: Sendable {
  func say(_ text: String) {
    StandardStream.error.write("\n\(text)\n")
  }

  /// A command as one would type it.
  func show(_ program: String, _ arguments: [String]) {
    let words = [program] + arguments.map { $0.allSatisfy(Self.isPlain) ? $0 : "'\($0)'" }
    StandardStream.error.write("  $ \(words.joined(separator: " "))\n")
  }

  func run(_ program: String, _ arguments: String...) async throws {
    try await run(program, arguments)
  }

  /// Shows a command and runs it, its progress and its results on our standard error as they come.
  ///
  /// - Parameter fails: whether it is meant to.
  func run(_ program: String, _ arguments: [String], fails: Bool = false) async throws {
    show(program, arguments)
    let end = try await Subprocess.run(
      .path(FilePath(try ServiceProcess.siblingPath(of: program))), arguments: Arguments(arguments),
      input: .none, output: .sequence, error: .currentStandardError
    ) { execution in
      for try await line in execution.standardOutput.strings() { StandardStream.error.write("  \(line)\n") }
    }
    guard end.terminationStatus.isSuccess != fails else {
      throw DemoFailure(
        "'\(program) \(arguments.first ?? "")' \(fails ? "succeeded" : "failed") (\(end.terminationStatus)), "
          + "expected it to \(fails ? "fail" : "succeed")")
    }
  }

  private static func isPlain(_ character: Character) -> Bool {
    character.isLetter || character.isNumber || "-_./:,@=+".contains(character)
  }
}
