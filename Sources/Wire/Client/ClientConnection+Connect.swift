import NIOCore
import NIOPosix
import NIOSSL

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension ClientConnection {
  /// Connects, and waits for the server's Welcome.
  ///
  /// - Parameters:
  ///   - context: of the configuration's TLS, where it has one.
  ///   - onLeave: told when the connection takes no more calls.
  static func connect(
    to address: TeacherAddress, _ configuration: ClientConfiguration, _ context: NIOSSLContext?,
    _ group: any EventLoopGroup, onLeave: @escaping @Sendable (ClientConnection) -> Void
  ) async throws(WireStatus) -> ClientConnection {
    let deadline = NIODeadline.now() + TimeAmount(configuration.connectTimeout)
    let connection: ClientConnection
    do {
      connection = try await connect(group, configuration, to: address.place) { channel in
        channel.eventLoop.makeCompletedFuture {
          if let tls = configuration.tls, let context {
            try channel.pipeline.syncOperations.addHandler(tls.handler(context, for: address))
          }
          return try add(to: channel, address, configuration, onLeave: onLeave)
        }
      }
    } catch {
      throw error as? WireStatus ?? address.noTeacher(describe(error))
    }
    let timer = connection.channel.eventLoop.scheduleTask(deadline: deadline) {
      connection.close(
        WireStatus(.unavailable, "\(address) took the connection and said nothing for \(configuration.connectTimeout)"))
    }
    defer { timer.cancel() }
    try await connection.greeted.status()
    return connection
  }

  private static func connect(
    _ group: any EventLoopGroup, _ configuration: ClientConfiguration, to place: TeacherAddress.Place,
    _ initializer: @escaping @Sendable (any Channel) -> EventLoopFuture<ClientConnection>
  ) async throws -> ClientConnection {
    let bootstrap = ClientBootstrap(group: group)
      .connectTimeout(TimeAmount(configuration.connectTimeout))
      .channelOption(
        .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 4096, initial: 16384, maximum: 1 << 18))
    switch place {
    case .tcp(let host, let port):
      return
        try await bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1)
        .connect(host: host, port: port, channelInitializer: initializer)
    case .unix(let path):
      return try await bootstrap.connect(unixDomainSocketPath: path, channelInitializer: initializer)
    }
  }

  /// Makes a channel a client's connection.
  static func add(
    to channel: any Channel, _ address: TeacherAddress, _ configuration: ClientConfiguration,
    nextCall: UInt32 = 1, onLeave: @escaping @Sendable (ClientConnection) -> Void = { _ in }
  ) throws -> ClientConnection {
    let connection = ClientConnection(address: address, channel: channel, nextCall: nextCall, onLeave: onLeave)
    try channel.pipeline.syncOperations.addHandler(ClientHandler(connection, configuration))
    return connection
  }
}

extension EventLoopFuture where Value: Sendable {
  /// The value, or the status that it failed with.
  func status() async throws(WireStatus) -> Value {
    do {
      return try await get()
    } catch {
      throw WireStatus(describing: error)
    }
  }

  /// The value, or how the attempt that it stands for failed.
  func outcome() async throws(AttemptFailure) -> Value {
    do {
      return try await get()
    } catch {
      throw error as? AttemptFailure ?? AttemptFailure(WireStatus(describing: error))
    }
  }
}

/// What a failed connection is in words, without the names of system calls.
func describe(_ error: any Error) -> String {
  switch error {
  case let error as IOError: String(cString: strerror(error.errnoCode)).lowercased()
  case let error as NIOConnectionError:
    if let first = error.connectionErrors.first {
      describe(first.error)
    } else {
      "the host's name has no address"
    }
  case ChannelError.connectTimeout(let time): "no answer in \(Double(time.nanoseconds) / 1e9) s"
  default: describeTLS(error) ?? "\(error)"
  }
}
