#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Names the process that fills a stage, so that whoever opens the registry later can tell a stage in progress from
/// one whose process has gone: boot, process-id namespace, process id, and when the process started.
///
/// Beyond this kernel's boot and namespace (a container beside another) nothing can be said, and the stage's age decides.
struct StageOwner: Equatable {
  var boot: String
  var namespace: String
  var process: Int32
  var started: String

  static let current = StageOwner(
    boot: contents(of: "/proc/sys/kernel/random/boot_id"), namespace: processNamespace(), process: getpid(),
    started: startTime(of: getpid()))

  var text: String { [boot, namespace, String(process), started].joined(separator: " ") }

  init(boot: String, namespace: String, process: Int32, started: String) {
    self.boot = boot
    self.namespace = namespace
    self.process = process
    self.started = started
  }

  init?(text: String) {
    let parts = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 4, let process = Int32(parts[2]) else { return nil }
    self.init(boot: parts[0], namespace: parts[1], process: process, started: parts[3])
  }

  /// nil: this process cannot tell.
  var isAlive: Bool? {
    let here = Self.current
    guard !boot.isEmpty, !here.boot.isEmpty else { return nil }
    guard boot == here.boot else { return false }
    guard namespace == here.namespace else { return nil }
    return kill(process, 0) == 0 || errno == EPERM ? started == Self.startTime(of: process) : false
  }

  private static func contents(of path: String) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(descriptor, &bytes, bytes.count)
    guard count > 0 else { return "" }
    return String(decoding: bytes[..<count].filter { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
  }

  private static func processNamespace() -> String {
    var bytes = [UInt8](repeating: 0, count: 128)
    let count = bytes.withUnsafeMutableBytes { buffer in
      readlink("/proc/self/ns/pid", buffer.baseAddress!.assumingMemoryBound(to: CChar.self), buffer.count)
    }
    return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : ""
  }

  /// Field 22 of proc(5)'s stat, in clock ticks since boot; the fields are counted after the command's last parenthesis.
  private static func startTime(of process: Int32) -> String {
    let line = contents(of: "/proc/\(process)/stat")
    guard let end = line.lastIndex(of: ")") else { return "" }
    let fields = line[line.index(after: end)...].split(separator: " ")
    return fields.count > 19 ? String(fields[19]) : ""
  }
}
