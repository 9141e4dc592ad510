import Foundation
import Subprocess
import SystemPackage

/// The teacher service in a process of its own, on a free loopback port.
public struct RunningTeacher: Sendable {
  /// `127.0.0.1:PORT`
  public let address: String
  public let processIdentifier: Int32
  public var port: Int { address.split(separator: ":").last.flatMap { Int($0) } ?? 0 }

  public struct NotReady: Error, CustomStringConvertible {
    public var description: String
  }

  /// Starts the service on a registry, runs `body` once it says that it listens, then asks it to end (SIGTERM).
  ///
  /// - Parameters:
  ///   - listen: HOST:PORT.
  ///   - descriptorsMax: the process's limit of open files; nil for this one's.
  ///   - wrapper: a program and its arguments that become the service when they are given its own.
  ///   - endsInBody: `body` ends the service itself, and it is not asked.
  /// - Returns: what `body` returned, the service's exit code (or minus the number of the signal that ended it), and
  ///   its log.
  public static func serve<Answer: Sendable>(
    registry: String, listen: String = "127.0.0.1:0", arguments: [String] = [], descriptorsMax: Int? = nil,
    wrapper: [String] = [], endsInBody: Bool = false, body: @Sendable (RunningTeacher) async throws -> Answer
  ) async throws -> (answer: Answer, code: Int32, log: String) {
    var all = ["serve", "--registry", registry, "--listen", listen] + arguments
    var program = Program.teacher.path
    if let descriptorsMax {
      all = ["-c", "ulimit -n \(descriptorsMax); exec \"$0\" \"$@\"", program] + all
      program = "/bin/sh"
    }
    if let wrapping = wrapper.first {
      all = wrapper.dropFirst() + [program] + all
      program = wrapping
    }
    let result = try await Subprocess.run(
      .path(FilePath(program)), arguments: Arguments(all),
      input: .none, output: .sequence, error: .string(limit: 1 << 24)
    ) { execution in
      do {
        let address = try await listeningAddress(of: execution.standardOutput)
        let answer = try await body(
          RunningTeacher(address: address, processIdentifier: execution.processIdentifier.value))
        if !endsInBody { try execution.send(signal: .terminate) }
        return answer
      } catch {
        await execution.teardown(using: [])
        throw error
      }
    }
    return (result.closureResult, result.terminationStatus.code, result.standardError)
  }

  /// Sends it a signal, such as SIGHUP.
  public func send(_ signal: Int32) { kill(processIdentifier, signal) }

  private static func listeningAddress(of output: SubprocessOutputSequence) async throws -> String {
    let announcement = "listening on "
    for try await line in output.strings() where line.hasPrefix(announcement) {
      return line.dropFirst(announcement.count).trimmingCharacters(in: .whitespacesAndNewlines)
    }
    throw NotReady(description: "docent-teacher ended before it said where it listens")
  }
}
