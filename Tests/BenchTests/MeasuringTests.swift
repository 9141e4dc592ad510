import Neural
import Testing
import Wire

@testable import docent

/// What the measurements of `docent bench wire` count with.
@Suite struct MeasuringTests {
  @Test(arguments: [1, 2, 5, 7, 1000]) func framesAreCountedHoweverTheyAreCut(bytesAtATime: Int) {
    let frames: [[UInt8]] = [
      [0, 0, 0, 0, 0], [0, 0, 0, 0, 3, 1, 2, 3], [0, 0, 0, 1, 0] + [UInt8](repeating: 9, count: 256),
      [0, 0, 0, 0, 1, 0],
    ]
    let stream = Array((frames + frames).joined())
    var scanner = FrameScanner()
    var whole = 0
    for start in stride(from: 0, to: stream.count, by: bytesAtATime) {
      stream[start..<min(start + bytesAtATime, stream.count)].withUnsafeBytes { whole += scanner.scan($0) }
    }
    #expect(whole == 8)
    // The beginning of a frame is none.
    frames[1].dropLast().withUnsafeBytes { whole += scanner.scan($0) }
    #expect(whole == 8)
  }

  @Test func aMetricIsTheSumOfItsSeries() {
    let metrics = ServiceMetrics(
      """
      HTTP/1.1 200 OK\r
      content-type: text/plain\r
      \r
      # TYPE docent_teacher_batch_rows histogram
      docent_teacher_batch_rows_bucket{model="a",version="1",le="1"} 4
      docent_teacher_batch_rows_sum{model="a",version="1"} 30
      docent_teacher_batch_rows_sum{model="b b",version="2"} 12.5
      docent_teacher_batch_rows_count{model="a",version="1"} 7
      docent_teacher_connections 3
      docent_teacher_connections_accepted_total 9
      process_open_fds 12

      """)
    #expect(metrics.sum("batch_rows_sum") == 42.5)
    #expect(metrics.sum("batch_rows_count") == 7)
    #expect(metrics.sum("connections") == 3)
    #expect(metrics.sum("nothing") == 0)
  }

  @Test(arguments: BenchNetwork.allCases) func aQueryCarriesItsCallAndAllRows(network: BenchNetwork) throws {
    let frames = WireFrames(network, model: "m", rows: 5, version: 1, architecture: try network.architecture())
    var codec = FrameCodec()
    for call in [1, 258, 0x0102_0304] as [UInt32] {
      let payload = frames.request(call: call).dropFirst(FrameHeader.byteCount)
      let frame = try payload.withUnsafeBytes { bytes throws(DecodingFault) in try codec.read(bytes) }
      #expect(frame.call == call)
      guard case .infer(let query) = frame.body else {
        Issue.record("no query")
        continue
      }
      #expect(query.rows == 5 && query.observations.count == 5 * network.observationWidth * 4)
    }
  }

  @Test func rowsAreToldApartByTheirNames() {
    #expect(Set(WireBench.names).count == WireBench.names.count)
    #expect(Set(RolloutBench.names).count == RolloutBench.names.count)
  }

  @Test func aTargetOfAtMostIsMissedAboveIt() {
    let row = { BenchRow(bench: "wire", name: "n", value: $0, unit: "x", target: .atMost(4)) }
    #expect(row(4).isReached == true && row(4.01).isReached == false)
    #expect(
      row(4.01).text.contains("4.01 x") && row(4.01).text.contains("at most 4  ") && row(4.01).text.contains("MISSED"))
  }
}
