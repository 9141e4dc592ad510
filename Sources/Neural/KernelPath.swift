internal import CKernels

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// An instruction set that the kernels were compiled for. All give the same bits; they differ in speed alone.
public enum KernelPath: String, Sendable, CaseIterable {
  case avx512, avx2, baseline

  /// The paths that this processor can run, fastest first.
  public static let available = allCases.filter { ck_kernels_for($0.index) != nil }

  /// The environment variable that forces a path: `avx512`, `avx2` or `baseline`.
  public static let environmentVariable = "DOCENT_KERNELS"

  /// The fastest available path, or the one that `DOCENT_KERNELS` names. A name that cannot be honoured ends the
  /// process: running on another path than was asked for would be silent. Executables check first with `check`.
  public static let selected: KernelPath = {
    do { return try resolve(forced) } catch { fatalError("\(error)") }
  }()

  private static var forced: String? { getenv(environmentVariable).map { String(cString: $0) } }

  /// - Throws: `NeuralError` where `DOCENT_KERNELS` names a path that cannot be had.
  public static func check() throws { _ = try resolve(forced) }

  /// The path of a name, or the fastest available one for nil or "".
  public static func resolve(_ name: String?) throws -> KernelPath {
    guard let name, !name.isEmpty else { return available[0] }
    let known = available.map(\.rawValue).joined(separator: ", ")
    guard let path = KernelPath(rawValue: name), available.contains(path) else {
      throw NeuralError(
        .kernelsUnavailable, "\(environmentVariable) is \"\(name)\"; this processor has the kernel paths \(known)")
    }
    return path
  }

  var index: Int32 {
    switch self {
    case .avx512: Int32(CK_AVX512)
    case .avx2: Int32(CK_AVX2)
    case .baseline: Int32(CK_BASELINE)
    }
  }

  /// The functions of the path.
  var table: UnsafePointer<ck_kernels> {
    guard let table = ck_kernels_for(index) else {
      preconditionFailure("the kernel path \(rawValue) is not available on this processor")
    }
    return table
  }
}
