import ArgumentParser
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Where a service tells its metrics: `HOST:PORT`, the host in brackets where it is an IPv6 address.
struct MetricsAddress: ExpressibleByArgument, Sendable, CustomStringConvertible {
  let host: String
  let port: Int
  let description: String

  init(host: String, port: Int) {
    self.host = host
    self.port = port
    description = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }

  init?(argument: String) {
    guard let colon = argument.lastIndex(of: ":"), let port = UInt16(argument[argument.index(after: colon)...]),
      port > 0
    else { return nil }
    var host = argument[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      return nil
    }
    guard !host.isEmpty else { return nil }
    self.init(host: String(host), port: Int(port))
  }
}

/// Why there are no metrics.
struct MetricsFailure: Error, CustomStringConvertible {
  let description: String
}

/// Reads a service's metrics, each time on a connection of its own.
struct MetricsClient: Sendable {
  private static let bytesMax = 64 << 20

  let address: MetricsAddress
  /// For all of one reading: seconds.
  var limit = 5.0

  private var patience: TimeAmount { .nanoseconds(Int64(limit * 1e9)) }

  /// - Throws: `MetricsFailure`, or `CancellationError`.
  func read() async throws -> ServiceReading {
    let response: NIOHTTPClientResponseFull
    do {
      response = try await get()
    } catch is CancellationError {
      throw CancellationError()
    } catch {
      try Task.checkCancellation()
      throw MetricsFailure(description: "no metrics at \(address): \(explanation(of: error))")
    }
    guard response.head.status == .ok else {
      throw MetricsFailure(
        description: "\(address) answered \(response.head.status.code) to GET /metrics, expected 200: "
          + "is it the address that docent-teacher serve --metrics was given?")
    }
    do {
      return try ServiceReading(Exposition(parsing: Array(response.body.map { Array($0.readableBytesView) } ?? [])))
    } catch {
      throw MetricsFailure(description: "\(address)/metrics cannot be read: \(error)")
    }
  }

  private func get() async throws -> NIOHTTPClientResponseFull {
    // A connection that is being made hears of no cancellation by itself.
    let opening = Mutex<(any Channel)?>(nil)
    return try await withTaskCancellationHandler {
      try await get { channel in opening.withLock { $0 = channel } }
    } onCancel: {
      opening.withLock { $0 }?.close(promise: nil)
    }
  }

  private func get(opening: @escaping @Sendable (any Channel) -> Void) async throws -> NIOHTTPClientResponseFull {
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .connectTimeout(patience)
      .connect(host: address.host, port: address.port) { channel in
        opening(channel)
        return channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHTTPClientHandlers()
          try channel.pipeline.syncOperations.addHandler(
            NIOHTTPClientResponseAggregator(maxContentLength: Self.bytesMax))
          return try NIOAsyncChannel<NIOHTTPClientResponseFull, HTTPClientRequestPart>(
            wrappingChannelSynchronously: channel)
        }
      }
    let tooLate = channel.channel.eventLoop.scheduleTask(in: patience) { channel.channel.close(promise: nil) }
    defer { tooLate.cancel() }
    return try await channel.executeThenClose { inbound, outbound in
      let headers: HTTPHeaders = ["host": address.description, "connection": "close", "accept": "text/plain"]
      // Together: who answers the head at once, and closes, would fail a second write, and its answer were lost.
      try await outbound.write(contentsOf: [
        .head(HTTPRequestHead(version: .http1_1, method: .GET, uri: "/metrics", headers: headers)), .end(nil),
      ])
      for try await response in inbound { return response }
      try Task.checkCancellation()
      throw MetricsFailure(description: "closed before it answered, or no answer within \(limit) seconds")
    }
  }

  private func explanation(of error: any Error) -> String {
    switch error {
    case let error as IOError: String(cString: strerror(error.errnoCode)).lowercased()
    case let error as NIOConnectionError:
      error.connectionErrors.first.map { explanation(of: $0.error) } ?? "the host's name has no address"
    case ChannelError.connectTimeout: "no connection within \(limit) seconds"
    default: "\(error)"
    }
  }
}
