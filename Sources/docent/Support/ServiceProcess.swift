import Console
import Foundation
import Subprocess
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A program of ours that listens, as a process of its own, for as long as a closure runs.
///
/// The program prints `listening on HOST:PORT` on standard output once it is ready, or with `--json` an object that says
/// the same. It is asked to end (SIGTERM) when the closure returns or throws, and killed five seconds later; its standard
/// input closes then too.
struct ServiceProcess: Sendable {
  let processIdentifier: Int32
  /// `127.0.0.1:PORT`
  let address: String
  let port: UInt16
  /// Where it serves its metrics; nil where it does not, or did not say so.
  let metricsPort: UInt16?
  /// From before the process was made until its announcement was read.
  let startup: Duration

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// Starts a program that was built beside this one, waits until it listens, and runs `body`.
  ///
  /// - Parameters:
  ///   - program: its file name, such as `docent-teacher`.
  ///   - logging: whether its standard error goes to ours. Where it does not, its end is part of the error that says why
  ///     it did not start.
  /// - Throws: ``Failure`` when it is not there, or ends or stays silent for 30 s before it listens; what `body` throws.
  static func run<Answer: Sendable>(
    _ program: String, arguments: [String], logging: Bool = false, body: (ServiceProcess) async throws -> Answer
  ) async throws -> Answer {
    let path = try siblingPath(of: program)
    let began = ContinuousClock.now
    return try await Subprocess.run(
      .path(FilePath(path)), arguments: Arguments(arguments),
      input: .inputWriter, output: .sequence, error: .sequence
    ) { execution in
      async let log = lastLines(of: execution.standardError, copying: logging)
      let (lines, feed) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingNewest(16))
      // Read to its end, so that a program that goes on talking is never held up by a full pipe.
      async let reading: Void = {
        for try await line in execution.standardOutput.strings() { feed.yield(line) }
        feed.finish()
      }()
      let patience = Task {
        try await Task.sleep(for: .seconds(30))
        await execution.teardown(using: [])
      }
      defer { patience.cancel() }
      let endpoint = await announcedEndpoint(in: lines)
      patience.cancel()
      guard let endpoint else {
        await execution.teardown(using: [])
        try await reading
        let said = try await log
        throw Failure(description: "\(program) did not start" + (said.isEmpty ? "" : ": \(said)"))
      }
      let service = ServiceProcess(
        processIdentifier: execution.processIdentifier.value, address: endpoint.address, port: endpoint.port,
        metricsPort: endpoint.metrics.flatMap { port(of: $0) }, startup: ContinuousClock.now - began)
      let answer: Result<Answer, any Error>
      do { answer = .success(try await body(service)) } catch { answer = .failure(error) }
      await execution.teardown(using: [.gracefulShutDown(allowedDurationToNextStep: .seconds(5))])
      try await reading
      _ = try await log
      return try answer.get()
    }.closureResult
  }

  /// Resident memory now, in bytes, as the kernel counts it (VmRSS).
  func residentBytes() throws -> Int {
    let path = FilePath("/proc/\(processIdentifier)/status")
    let file = try FileDescriptor.open(path, .readOnly)
    defer { try? file.close() }
    var bytes = [UInt8](repeating: 0, count: 8192)
    let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0) }
    for line in String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n") where line.hasPrefix("VmRSS:") {
      let words = line.split(whereSeparator: \.isWhitespace)
      if words.count >= 2, let kibibytes = Int(words[1]) { return kibibytes * 1024 }
    }
    throw Failure(description: "\(path) does not say VmRSS")
  }

  /// Processor time that it has used, in its own code and in the kernel's for it.
  func processorSeconds() throws -> Double {
    let path = "/proc/\(processIdentifier)/stat"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    // The program's name, which stands in brackets, may hold anything.
    let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
    guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else {
      throw Failure(description: "\(path) does not say utime and stime")
    }
    return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  /// File descriptors that are open now.
  func openDescriptors() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/\(processIdentifier)/fd").count
  }

  /// Where a program that was built beside this one lies.
  static func siblingPath(of program: String) throws -> String {
    var own = try ownPath()
    own.removeLastComponent()
    let path = own.appending(program)
    guard access(path.string, X_OK) == 0 else {
      throw Failure(description: "\(path) is not there or cannot be run: `swift build` makes all three programs")
    }
    return path.string
  }

  /// The path of the running program.
  static func ownPath() throws -> FilePath {
    var bytes = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    let count = readlink("/proc/self/exe", &bytes, Int(PATH_MAX))
    guard count > 0 else { throw Errno(rawValue: errno) }
    return FilePath(String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self))
  }

  /// What a program says of itself with `--json`.
  private struct Announcement: Decodable {
    var address: String
    var metrics: String?
  }

  private static func announcedEndpoint(
    in lines: AsyncStream<String>
  ) async -> (address: String, port: UInt16, metrics: String?)? {
    for await line in lines {
      guard let said = announcement(in: line), let port = port(of: said.address) else { continue }
      return (said.address, port, said.metrics)
    }
    return nil
  }

  private static func announcement(in line: String) -> Announcement? {
    let words = "listening on "
    guard line.hasPrefix(words) else { return try? JSONDecoder().decode(Announcement.self, from: Data(line.utf8)) }
    return Announcement(address: String(line.dropFirst(words.count).prefix { !$0.isWhitespace }))
  }

  /// The port of `HOST:PORT`.
  private static func port(of address: String) -> UInt16? {
    address.lastIndex(of: ":").flatMap { UInt16(address[address.index(after: $0)...]) }
  }

  private static func lastLines(of output: SubprocessOutputSequence, copying: Bool) async throws -> String {
    var last: [String] = []
    for try await line in output.strings() {
      if copying { StandardStream.error.write(line + "\n") }
      if last.count == 8 { last.removeFirst() }
      last.append(line)
    }
    return last.joined(separator: "\n")
  }
}
