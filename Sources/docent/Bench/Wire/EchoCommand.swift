import ArgumentParser
import CLoad
import Console
import StudentTraining
import SystemPackage

/// The floor of `docent bench wire`, in a process of its own: answers every frame with one of a fixed size.
struct EchoCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "echo", abstract: "Answer every frame with one of a fixed size, until standard input ends.",
    discussion: "Listens on a free port of 127.0.0.1, on one thread.", shouldDisplay: false)

  @Option(help: ArgumentHelp("Payload bytes of a reply.", valueName: "n"))
  var replyBytes: UInt32

  func run() async throws {
    var port: UInt16 = 0
    let listener = cload_listen(&port)
    if listener < 0 { throw Errno(rawValue: -listener) }
    StandardStream.output.write("listening on 127.0.0.1:\(port)\n")
    let size = replyBytes
    let error = try await onOwnThread { cload_echo(listener, size, 0) }
    if error < 0 { throw Errno(rawValue: -error) }
  }
}
