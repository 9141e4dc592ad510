public import ArgumentParser
import Foundation

/// What a command ended with: the text for a stream, and the exit code.
public struct ProgramEnd: Equatable, Sendable {
  public let stream: StandardStream
  public let text: String
  public let code: Int32

  public init(stream: StandardStream, text: String, code: Int32) {
    self.stream = stream
    self.text = text
    self.code = code
  }
}

/// Runs commands by this project's rules: exit code 0, 1 where the command failed and 2 where it was used wrongly;
/// errors as `error: ...` on standard error.
///
/// A program's root command calls it from its own `main`:
/// ```swift
/// @main struct Docent: AsyncParsableCommand {
///   static func main() async { await Program.run(Self.self) }
/// }
/// ```
public enum Program {
  /// Parses, runs, and exits the process.
  /// - Parameter check: what has to be right before anything runs; the program fails with what it throws.
  public static func run<Command: AsyncParsableCommand>(
    _ type: Command.Type, after check: @Sendable () throws -> Void = {}
  ) async -> Never {
    let end: ProgramEnd
    do {
      try check()
      end = await self.end(of: type, arguments: nil)
    } catch {
      end = self.end(of: type, with: error)
    }
    if !end.text.isEmpty { end.stream.write(end.text + "\n") }
    exit(end.code)
  }

  /// Parses and runs.
  /// - Parameter arguments: those of the process where nil.
  public static func end<Command: AsyncParsableCommand>(
    of type: Command.Type, arguments: [String]?
  ) async -> ProgramEnd {
    do {
      var command = try Command.parseAsRoot(arguments)
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
      return ProgramEnd(stream: .output, text: "", code: 0)
    } catch {
      return end(of: type, with: error)
    }
  }

  /// How a program ends that threw `error`. Help and versions go to standard output with code 0.
  public static func end<Command: ParsableCommand>(of type: Command.Type, with error: any Error) -> ProgramEnd {
    let code = Command.exitCode(for: error)
    if let exit = error as? ExitCode { return ProgramEnd(stream: .error, text: "", code: exit.rawValue) }
    if code == .success { return ProgramEnd(stream: .output, text: Command.fullMessage(for: error), code: 0) }
    // Thrown by a command that runs already: the root's usage would not help.
    if let error = error as? ValidationError {
      return ProgramEnd(stream: .error, text: "error: \(error.message)", code: 2)
    }
    if code == .validationFailure {
      // ArgumentParser's own text names the usage below the error, but begins with a capital.
      let message = Command.fullMessage(for: error)
      let text = message.hasPrefix("Error: ") ? "error: " + message.dropFirst("Error: ".count) : message
      return ProgramEnd(stream: .error, text: text, code: 2)
    }
    return ProgramEnd(stream: .error, text: "error: \(Command.message(for: error))", code: 1)
  }
}
