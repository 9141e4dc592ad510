import NIOSSL

extension BoringSSLError {
  /// BoringSSL's names of what went wrong, which NIOSSL offers in a description alone, among places in its sources.
  var names: String {
    let noise = /^sslError\(|Error: |[0-9]+ error:[^:]*:|SSL routines:OPENSSL_internal:| at [^ ]+:[0-9]+|[\[\]()]/
    return String("\(self)".replacing(noise, with: "").trimmingPrefix(" "))
  }
}

/// What went wrong on a server's connection, for its log.
func describeServerSide(_ error: any Error) -> String {
  switch error {
  case NIOSSLError.handshakeFailed(let cause), let cause as BoringSSLError: "the TLS handshake failed (\(cause.names))"
  case NIOSSLError.uncleanShutdown: "closed at the other end without TLS's goodbye"
  default: describe(error)
  }
}

func isUncleanShutdown(_ error: any Error) -> Bool {
  if case NIOSSLError.uncleanShutdown = error { true } else { false }
}
