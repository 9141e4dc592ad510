import NIOCore
import NIOEmbedded
import Synchronization

@testable import Wire

/// Whatever a server answers: every call and every query of a client ends once, none before it began.
enum ClientTarget {
  static func run(_ input: UnsafeRawBufferPointer) -> CInt {
    var rest = input
    var script = Script(&rest)
    let channel = EmbeddedChannel()
    var configuration = ClientConfiguration(name: "fuzz", frameBytesMax: 4096)
    configuration.retries.attempts = 1
    let connection: ClientConnection
    do {
      connection = try ClientConnection.add(to: channel, TeacherAddress("127.0.0.1:7070"), configuration)
      try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    } catch {
      fatalError("\(error)")
    }
    var calls = Calls(connection, configuration)
    var unread = ByteBuffer()
    for _ in 0..<script.draw(6) { calls.begin(&script) }
    while !rest.isEmpty {
      Peer.send(script.cut(&rest), to: channel)
      switch script.draw(30) {
      case 0...3: calls.begin(&script)
      case 4: channel.embeddedEventLoop.advanceTime(by: .seconds(Int64(script.draw(30))))
      case 5: _ = try? channel.finish(acceptAlreadyClosed: true)
      case 6...20: channel.embeddedEventLoop.run()
      default: break
      }
      _ = Peer.frames(channel, &unread)
    }
    channel.embeddedEventLoop.run()
    Peer.close(channel)
    calls.requireAllEnded()
    // An attempt to connect again that is still planned would keep everything.
    calls.close()
    channel.embeddedEventLoop.run()
    return 0
  }

  /// What was asked of the connection.
  private struct Calls {
    private let connection: ClientConnection
    /// Has this connection, and makes no other.
    private let pool: ConnectionPool
    private var queries: [(PolicyQuery, rows: Int)] = []
    private var begun = 0
    private let ended = Ended()

    private final class Ended: Sendable { let count = Atomic<Int>(0) }

    private static let (observationWidth, parameterWidth) = (3, 2)

    init(_ connection: ClientConnection, _ configuration: ClientConfiguration) {
      self.connection = connection
      pool = ConnectionPool(
        connection.address, configuration, connection.channel.eventLoop,
        connector: { loop, _ in loop.makeSucceededFuture(connection) })
      pool.start()
    }

    mutating func begin(_ script: inout Script) {
      switch script.draw(5) {
      case 0: note(connection.ping().answer)
      case 1: open(.health(.init(model: "m")))
      case 2:
        let rows = 1 + script.draw(3)
        open(.infer(V1.InferRequest(model: "m", rows: rows)), rows: rows)
      default: submit(rows: 1 + script.draw(40))
      }
    }

    private mutating func open(_ body: V1.Body, rows: Int = 0) {
      let promise = connection.channel.eventLoop.makePromise(of: V1.Body.self)
      note(promise.futureResult)
      connection.open(ClientCall(body, rows: rows, to: UnaryReceiver(promise: promise)))
    }

    private mutating func note<Value>(_ future: EventLoopFuture<Value>) {
      begun += 1
      let ended = ended
      future.whenComplete { _ in ended.count.wrappingAdd(1, ordering: .relaxed) }
    }

    private mutating func submit(rows: Int) {
      let query = PolicyQuery(
        V1.InferRequest(model: "m"), observationWidth: Self.observationWidth, parameterWidth: Self.parameterWidth,
        pool: pool)
      let observations = [Float](repeating: 1, count: rows * Self.observationWidth)
      // A connection that takes no more calls refuses it.
      if (try? query.submit(observations, rows: rows)) != nil { queries.append((query, rows)) }
    }

    func close() { pool.close(.clientClosed) }

    /// A query that never ends would block here, until libFuzzer's time is over.
    func requireAllEnded() {
      let now = ended.count.load(ordering: .relaxed)
      require(now == begun, "\(begun) calls were begun, \(now) ended")
      for (query, rows) in queries {
        var outputs = [Float](repeating: 0, count: rows * Self.parameterWidth)
        var values = [Float](repeating: 0, count: rows)
        _ = try? query.wait(outputs: &outputs, values: &values)
      }
    }
  }
}
