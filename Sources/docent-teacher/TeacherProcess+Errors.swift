import NIOCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension TeacherProcess {
  static func explanation(of error: IOError, _ listen: ListenAddress) -> String {
    switch error.errnoCode {
    case EADDRINUSE:
      "cannot listen on \(listen): the port is in use; choose another with --listen, or port 0 for a free one"
    case EADDRNOTAVAIL: "cannot listen on \(listen): this machine has no such address"
    case EACCES: "cannot listen on \(listen): not permitted (ports below 1024 are the system's)"
    default: "cannot listen on \(listen): \(error)"
    }
  }
}

enum ProcessIdentifier {
  static var current: Int32 { getpid() }
}
