#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Who runs this program, for the records of a registry: `user@machine`.
public enum OperatorName {
  public static var current: String {
    let user = getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? "uid \(geteuid())"
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return user }
    let host = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return "\(user)@\(String(decoding: host, as: UTF8.self))"
  }
}
