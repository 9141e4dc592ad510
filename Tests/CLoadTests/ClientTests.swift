import CLoad
import Foundation
import Synchronization
import Testing

@Suite struct ClientTests {
  private func receive(_ descriptor: Int32, _ count: Int, timeout: Int32 = 60_000) -> (code: Int64, bytes: [UInt8]) {
    var bytes = [UInt8](repeating: 0, count: count)
    let code = cload_receive(descriptor, &bytes, count, timeout)
    return (code, Array(bytes.prefix(max(0, Int(code)))))
  }

  @Test func bytesGoOutAndComeBackUntilTheServerCloses() {
    let server = ScriptedServer { connection in
      while let payload = connection.readFrame() { connection.writeFrame(payload) }
    }
    let descriptor = cload_connect(server.port)
    #expect(descriptor >= 0)
    let sent = frame([1, 2, 3])
    #expect(cload_send(descriptor, sent, sent.count) == 0)
    var received: [UInt8] = []
    while received.count < sent.count {
      let (code, bytes) = receive(descriptor, sent.count - received.count)
      guard code > 0 else { break }
      received += bytes
    }
    #expect(received == sent)
    // The server sees the end of what is sent, and closes; this end still reads.
    #expect(cload_end_sending(descriptor) == 0)
    #expect(receive(descriptor, 1).code == 0)
    server.finish()
    cload_close(descriptor)
  }

  @Test func aSilentServerTimesOut() {
    let server = ScriptedServer { connection in _ = connection.readFrame() }
    let descriptor = cload_connect(server.port)
    #expect(receive(descriptor, 1, timeout: 1).code == Int64(-ETIMEDOUT))
    cload_close(descriptor)
    server.finish()
  }

  @Test func aResetIsNoEndOfStream() {
    let seen = Mutex<Int32>(0)
    let server = ScriptedServer { connection in
      var byte: UInt8 = 0
      if recv(connection.descriptor, &byte, 1, 0) < 0 { seen.withLock { $0 = errno } }
    }
    cload_reset(cload_connect(server.port))
    server.finish()
    #expect(seen.withLock { $0 } == ECONNRESET)
  }

  @Test func sendingToAServerThatHasGoneIsAnErrorAndNoSignal() {
    let server = ScriptedServer { _ in }
    let descriptor = cload_connect(server.port)
    server.finish()
    var code: Int32 = 0
    for _ in 0..<1000 where code == 0 { code = cload_send(descriptor, [0], 1) }
    #expect(code == -EPIPE || code == -ECONNRESET)
    cload_close(descriptor)
  }

  @Test func theSoftLimitOfDescriptorsBecomesTheHardOne() {
    var before = rlimit()
    #expect(getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before) == 0)
    var low = rlimit(rlim_cur: before.rlim_max - 1, rlim_max: before.rlim_max)
    #expect(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &low) == 0)
    #expect(cload_raise_descriptor_limit() == before.rlim_max)
    var after = rlimit()
    #expect(getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &after) == 0)
    #expect(after.rlim_cur == before.rlim_max)
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before)
  }
}
