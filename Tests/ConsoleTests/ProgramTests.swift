import ArgumentParser
import Console
import Testing

private struct Sample: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "sample", abstract: "A sample.")
  @Option var count: Int

  func validate() throws {
    guard count > 0 else { throw ValidationError("--count must be at least 1") }
  }

  func run() async throws {
    if count == 13 { throw Broken() }
  }
}

private struct Broken: Error, CustomStringConvertible { var description: String { "no teacher at 127.0.0.1:1" } }

@Suite("How a program ends") struct ProgramTests {
  @Test("wrong usage: 2, with the usage on standard error")
  func usage() async {
    for arguments in [[], ["--count", "0"], ["--count", "x"], ["--count", "1", "more"], ["--unknown"]] {
      let end = await Program.end(of: Sample.self, arguments: arguments)
      #expect(end.code == 2 && end.stream == .error)
      #expect(end.text.hasPrefix("error: ") && end.text.contains("sample"))
    }
    let late = Program.end(of: Sample.self, with: ValidationError("no such file"))
    #expect(late.code == 2 && late.text.hasPrefix("error: no such file"))
  }

  @Test("success: 0, and nothing of its own is printed")
  func success() async {
    #expect(await Program.end(of: Sample.self, arguments: ["--count", "1"]).code == 0)
  }

  @Test("a failure: 1, with its description on standard error")
  func failure() async {
    let end = await Program.end(of: Sample.self, arguments: ["--count", "13"])
    #expect(end == ProgramEnd(stream: .error, text: "error: no teacher at 127.0.0.1:1", code: 1))
  }

  @Test("help: 0, on standard output")
  func help() async {
    let end = await Program.end(of: Sample.self, arguments: ["--help"])
    #expect(end.code == 0 && end.stream == .output && end.text.contains("A sample."))
  }

  @Test("an exit code of the command's own goes out as it is")
  func exitCode() {
    #expect(Program.end(of: Sample.self, with: ExitCode(1)) == ProgramEnd(stream: .error, text: "", code: 1))
  }
}
