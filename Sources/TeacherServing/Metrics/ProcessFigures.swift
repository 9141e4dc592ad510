#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the system says of this process. A figure that it does not tell is nil.
struct ProcessFigures: Sendable {
  var residentBytes: Int?
  var openDescriptors: Int?
  var descriptorsMax: Int?
  /// User and system time.
  var processorSeconds: Double?
  /// Seconds since 1970.
  var startTime: Double?

  /// Reads `/proc/self`; blocks for microseconds, and some milliseconds with ten thousand descriptors.
  static func read() -> ProcessFigures {
    var figures = ProcessFigures()
    figures.residentBytes = residentPages.map { $0 * Int(getpagesize()) }
    figures.descriptorsMax = descriptorLimit
    figures.openDescriptors = countDescriptors(limit: figures.descriptorsMax)
    var usage = rusage()
    if getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 {
      figures.processorSeconds = seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
    figures.startTime = processStart
    return figures
  }

  /// Of this process, looked up once: the time of the first read less what the process had run by then.
  private static let processStart: Double? = {
    // The 22nd field, in ticks since the machine began; the 2nd may contain spaces and ends with the last parenthesis.
    guard let line = text("/proc/self/stat"), let end = line.lastIndex(of: ")"),
      let uptime = text("/proc/uptime")?.split(separator: " ").first.flatMap({ Double($0) })
    else { return nil }
    let fields = line[line.index(after: end)...].split(separator: " ")
    guard fields.count > 19, let ticks = Double(fields[19]) else { return nil }
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let age = uptime - ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9 - max(age, 0)
  }()

  private static var residentPages: Int? {
    guard let fields = text("/proc/self/statm")?.split(separator: " "), fields.count > 1 else { return nil }
    return Int(fields[1])
  }

  private static var descriptorLimit: Int? {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
    return Int(clamping: limit.rlim_cur)
  }

  private static func countDescriptors(limit: Int?) -> Int? {
    guard let folder = opendir("/proc/self/fd") else { return errno == EMFILE ? limit : nil }
    defer { closedir(folder) }
    // Not counted: itself.
    var count = -1
    while let entry = readdir(folder) {
      if entry.pointee.d_name.0 != CChar(UInt8(ascii: ".")) { count += 1 }
    }
    return count
  }

  private static func text(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes[..<count], as: UTF8.self)
  }

  private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
}
