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

  /// Shows a command and runs it, its progress on our standard error and its results after it.
  func run(_ program: String, _ arguments: String...) async throws {
    show(program, arguments)
    let result = try await Subprocess.run(
      .path(FilePath(try ServiceProcess.siblingPath(of: program))), arguments: Arguments(arguments),
      output: .string(limit: 1 << 20), error: .currentStandardError)
    for line in result.standardOutput.split(separator: "\n") { StandardStream.error.write("  \(line)\n") }
    guard result.terminationStatus.isSuccess else {
      throw DemoFailure("'\(program) \(arguments.first ?? "")' failed (\(result.terminationStatus))")
    }
  }

  private static func isPlain(_ character: Character) -> Bool {
    character.isLetter || character.isNumber || "-_./:,@=+".contains(character)
  }
}
