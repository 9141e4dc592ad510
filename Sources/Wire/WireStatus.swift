/// How a call or a connection ended, in gRPC's terms: a code for programs, a message for people, and the pushback of an
/// overloaded server.
///
/// A message says what was given and what was expected.
public struct WireStatus: Error, Hashable, Sendable, CustomStringConvertible {
  /// gRPC's codes with gRPC's numbers and meanings.
  ///
  /// <https://grpc.io/docs/guides/status-codes/>
  public struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static let ok = Code(rawValue: 0)
    public static let cancelled = Code(rawValue: 1)
    public static let unknown = Code(rawValue: 2)
    public static let invalidArgument = Code(rawValue: 3)
    public static let deadlineExceeded = Code(rawValue: 4)
    public static let notFound = Code(rawValue: 5)
    public static let alreadyExists = Code(rawValue: 6)
    public static let permissionDenied = Code(rawValue: 7)
    public static let resourceExhausted = Code(rawValue: 8)
    public static let failedPrecondition = Code(rawValue: 9)
    public static let aborted = Code(rawValue: 10)
    public static let outOfRange = Code(rawValue: 11)
    public static let unimplemented = Code(rawValue: 12)
    public static let internalError = Code(rawValue: 13)
    public static let unavailable = Code(rawValue: 14)
    public static let dataLoss = Code(rawValue: 15)
    public static let unauthenticated = Code(rawValue: 16)

    private static let names = [
      "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
      "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
      "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
    ]

    /// gRPC's name of the code.
    public var description: String {
      rawValue < Self.names.count ? Self.names[Int(rawValue)] : "CODE_\(rawValue)"
    }
  }

  public var code: Code
  public var message: String
  /// Microseconds after which a retry may find room; 0: not said.
  public var retryAfterMicroseconds: UInt64

  public init(_ code: Code, _ message: String, retryAfterMicroseconds: UInt64 = 0) {
    self.code = code
    self.message = message
    self.retryAfterMicroseconds = retryAfterMicroseconds
  }

  /// What `error` is to a caller: itself where it is a status, INTERNAL otherwise.
  public init(describing error: any Error) {
    self = error as? WireStatus ?? WireStatus(.internalError, "\(error)")
  }

  public var description: String {
    let retry = retryAfterMicroseconds == 0 ? "" : " (retry after \(retryAfterMicroseconds) us)"
    return "\(code): \(message)\(retry)"
  }

  private static let messageBytesMax = 4096

  /// With a message that a person reads: it may repeat what a client said, who may have said a frame's worth.
  var shortened: WireStatus {
    guard message.utf8.count > Self.messageBytesMax else { return self }
    var status = self
    status.message = String(decoding: message.utf8.prefix(Self.messageBytesMax), as: UTF8.self) + "..."
    return status
  }
}
