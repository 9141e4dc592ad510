import Testing
import Wire

@testable import TeacherServing
@testable import docent

@Suite struct ExpositionTests {
  private func parse(_ text: String) throws -> [Exposition.Sample] { try Exposition(parsing: Array(text.utf8)).samples }

  @Test("Names, labels, values and time stamps are read; comments and empty lines are not")
  func samples() throws {
    let text = """
      # HELP a Help {with="braces"} 1
      # TYPE a counter
      a 1

      a_bucket{le="+Inf",x="y",} 2.5e-3 1700000000000
        b { z = "1" }   +Inf
      c NaN
      """
    let samples = try parse(text)
    #expect(samples.map(\.name) == ["a", "a_bucket", "b", "c"])
    #expect(samples.map(\.labels) == [[:], ["le": "+Inf", "x": "y"], ["z": "1"], [:]])
    #expect(samples.prefix(3).map(\.value) == [1, 0.0025, .infinity] && samples[3].value.isNaN)
  }

  @Test("What the renderer escapes, the parser reads back", arguments: ["a\"b", "a\\", "\\n", "a\nb", "", "é}{,=\" #"])
  func roundTrip(_ label: String) throws {
    var text = PrometheusWriter(prefix: "x_")
    text.family("y", .gauge, "Help.")
    text.sample([("a", label), ("b", "c")], 0.1)
    #expect(try parse(text.text) == [Exposition.Sample(name: "x_y", labels: ["a": label, "b": "c"], value: 0.1)])
  }

  @Test(
    "A line that is no sample is named, with what was expected",
    arguments: [
      ("a 1\nb{", "line 2 .* a name"), ("a{b=c} 1", "line 1 .* '\"'"),
      ("a{b=\"c} 1", "line 1 .* '\"' at a label's end"),
      ("a one", "line 1 .* a number for a"), ("<html>", "line 1 .* a name"), ("a{b=\"c\" d=\"e\"} 1", "',' or '}'"),
    ])
  func faults(_ text: String, _ message: String) throws {
    let fault = try #require(throws: Exposition.Fault.self) { try parse(text) }
    #expect(fault.description.contains(try Regex(message)))
  }

  @Test("A reading of a service has what the service counted")
  func reading() throws {
    var service = FakeService.pair
    service.answer(batches: 5, by: 0)
    service.served[0].metrics.calls.count(.deadlineExceeded, calls: 2)
    service.loop.connections.open = 1
    service.loop.connections.accepted = 1
    service.loop.connections.bytesRead = 70
    service.loop.connections.bytesWritten = 90
    service.loop.connections.framesRefused.count(.unparseable)
    service.loop.callsRefused.count(.queueFull, times: 3)
    service.loop.unrouted.count(.notFound, calls: 4)
    let reading = try service.reading
    #expect(reading.uptime == 100 && reading.eventLoops == 1 && reading.connections == 1 && reading.queuedRows == 3)
    #expect(reading.residentBytes == 32 << 20 && reading.openDescriptors == 40 && reading.descriptorsMax == 20_000)
    #expect(reading.bytesRead == 70 && reading.bytesWritten == 90)
    #expect(reading.refusals.filter { $0.value > 0 } == ["queue_full": 3, "frame unparseable": 1])
    #expect(reading.unrouted == ["NOT_FOUND": 4])
    let version = try #require(reading.versions[.init(model: "cartpole", number: 1)])
    #expect(version.isLoaded && version.aliases == ["stable"] && version.rows == 20)
    #expect(version.calls == ["OK": 20, "DEADLINE_EXCEEDED": 2])
    #expect(version.batches.count == 5 && version.batches.mean == 4)
    #expect(version.queue.count == 20 && version.compute.count == 5 && version.reply.count == 20)
    #expect(version.queue.buckets.count == LatencyHistogram.bounds.count + 1)
  }

  @Test("Metrics of another program are refused")
  func otherProgram() {
    #expect(throws: ServiceReading.NoTeacher.self) { try ServiceReading(Exposition(parsing: Array("up 1\n".utf8))) }
  }
}
