import NIOCore
import NIOPosix

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension ClientConnection {
  /// Connects, and waits for the server's Welcome.
  static func connect(
    to address: TeacherAddress, _ configuration: ClientConfiguration, _ group: any EventLoopGroup
  ) async throws(WireStatus) -> ClientConnection {
    let deadline = NIODeadline.now() + TimeAmount(configuration.connectTimeout)
    let connection: ClientConnection
    do {
      connection = try await ClientBootstrap(group: group)
        .connectTimeout(TimeAmount(configuration.connectTimeout))
        .channelOption(.tcpOption(.tcp_nodelay), value: 1)
        .channelOption(
          .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 4096, initial: 16384, maximum: 1 << 18)
        )
        .connect(host: address.host, port: address.port) { channel in
          channel.eventLoop.makeCompletedFuture {
            try add(to: channel, address, configuration)
          }
        }
    } catch {
      throw address.noTeacher(describe(error))
    }
    let timer = connection.channel.eventLoop.scheduleTask(deadline: deadline) {
      connection.close(
        WireStatus(.unavailable, "\(address) took the connection and said nothing for \(configuration.connectTimeout)"))
    }
    defer { timer.cancel() }
    try await connection.greeted.status()
    return connection
  }

  /// Makes a channel a client's connection.
  static func add(
    to channel: any Channel, _ address: TeacherAddress, _ configuration: ClientConfiguration
  ) throws -> ClientConnection {
    let connection = ClientConnection(address: address, channel: channel)
    try channel.pipeline.syncOperations.addHandler(ClientHandler(connection, configuration))
    return connection
  }

  /// Sends an artefact in chunks, each when the one before it is in the socket; stops where the server refuses.
  ///
  /// - Precondition: it is the connection's only call.
  func publish(_ header: V1.PublishHeader, artefact: [UInt8]) async throws(WireStatus) -> V1.Body {
    var header = header
    header.artefactBytes = UInt64(artefact.count)
    let reply = open(.publish(header))
    for start in stride(from: 0, to: artefact.count, by: WireLimits.chunkBytesMax) where isOpen(1) {
      let end = min(start + WireLimits.chunkBytesMax, artefact.count)
      let chunk = V1.Chunk(offset: UInt64(start), data: Array(artefact[start..<end]))
      // A connection that is lost says so in the reply's status.
      guard (try? await write(V1.Frame(call: 1, .chunk(chunk))).get()) != nil else { break }
    }
    return try await reply.status()
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
  default: "\(error)"
  }
}
