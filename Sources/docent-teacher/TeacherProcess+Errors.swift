import NIOCore
import Wire

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension TeacherProcess {
  static func names(_ targets: [WireServer.Target]) -> String {
    targets.map { "\($0)" }.joined(separator: " and ")
  }

  static func explanation(of error: IOError, _ targets: [WireServer.Target]) -> String {
    let all = names(targets)
    return switch error.errnoCode {
    case EADDRINUSE:
      "cannot listen on \(all): it is in use; choose another with --listen (port 0 for a free one) or --unix-socket"
    case EADDRNOTAVAIL: "cannot listen on \(all): this machine has no such address"
    case EACCES: "cannot listen on \(all): not permitted (ports below 1024 are the system's)"
    case ENOENT: "cannot listen on \(all): there is no such folder"
    default: "cannot listen on \(all): \(error)"
    }
  }
}
