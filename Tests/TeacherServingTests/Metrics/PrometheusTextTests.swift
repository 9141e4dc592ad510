import Subprocess
import Testing
import Wire

@testable import TeacherServing

@Suite struct PrometheusTextTests {
  /// The lines of one family's samples.
  private func lines(_ text: String, _ name: String) -> [Substring] {
    text.split(separator: "\n").filter { $0.hasPrefix(name + "{") || $0.hasPrefix(name + " ") }
  }

  @Test("Calls carry model, version and status; those that found no model carry empty names")
  func calls() {
    let text = PrometheusText.render(SnapshotFixture.full())
    #expect(
      lines(text, "docent_teacher_calls_total") == [
        #"docent_teacher_calls_total{model="",version="",status="NOT_FOUND"} 2"#,
        #"docent_teacher_calls_total{model="cartpole",version="1",status="OK"} 2"#,
        #"docent_teacher_calls_total{model="cartpole",version="2",status="OK"} 8"#,
        #"docent_teacher_calls_total{model="cartpole",version="2",status="DEADLINE_EXCEEDED"} 1"#,
        #"docent_teacher_calls_total{model="walker",version="1",status="OK"} 0"#,
      ])
    #expect(
      lines(text, "docent_teacher_calls_refused_total").contains(
        #"docent_teacher_calls_refused_total{reason="queue_full"} 10"#))
    #expect(
      lines(text, "docent_teacher_control_calls_total") == [
        #"docent_teacher_control_calls_total{call="describe",status="OK"} 2"#
      ])
  }

  @Test("Histograms are cumulative, in seconds, and end with +Inf, sum and count")
  func histograms() {
    let text = PrometheusText.render(SnapshotFixture.full())
    let buckets = lines(text, "docent_teacher_queue_seconds_bucket").filter { $0.contains(#"version="2""#) }
    #expect(buckets.count == LatencyHistogram.bounds.count + 1)
    #expect(buckets[0] == #"docent_teacher_queue_seconds_bucket{model="cartpole",version="2",le="1e-06"} 0"#)
    #expect(buckets[12] == #"docent_teacher_queue_seconds_bucket{model="cartpole",version="2",le="1e-05"} 0"#)
    #expect(buckets[13] == #"docent_teacher_queue_seconds_bucket{model="cartpole",version="2",le="1.2e-05"} 8"#)
    #expect(buckets.last == #"docent_teacher_queue_seconds_bucket{model="cartpole",version="2",le="+Inf"} 8"#)
    #expect(
      lines(text, "docent_teacher_queue_seconds_sum").last
        == #"docent_teacher_queue_seconds_sum{model="cartpole",version="2"} 9.6e-05"#)
    #expect(
      lines(text, "docent_teacher_queue_seconds_count").last
        == #"docent_teacher_queue_seconds_count{model="cartpole",version="2"} 8"#)
    #expect(
      lines(text, "docent_teacher_batch_rows_sum").last
        == #"docent_teacher_batch_rows_sum{model="cartpole",version="2"} 8"#)
  }

  @Test("What is loaded, the aliases, and the process are gauges; a figure that the system does not tell is left out")
  func gauges() {
    var snapshot = SnapshotFixture.full()
    snapshot.process.openDescriptors = nil
    let text = PrometheusText.render(snapshot)
    #expect(
      lines(text, "docent_teacher_loaded_version") == [
        #"docent_teacher_loaded_version{model="cartpole",version="2"} 1"#,
        #"docent_teacher_loaded_version{model="walker",version="1"} 1"#,
      ])
    #expect(
      lines(text, "docent_teacher_alias").first
        == #"docent_teacher_alias{model="cartpole",alias="canary",version="2"} 1"#)
    #expect(lines(text, "docent_teacher_connections") == ["docent_teacher_connections 2"])
    #expect(lines(text, "docent_teacher_uptime_seconds") == ["docent_teacher_uptime_seconds 90"])
    #expect(lines(text, "process_resident_memory_bytes") == ["process_resident_memory_bytes 33554432"])
    #expect(lines(text, "process_start_time_seconds") == ["process_start_time_seconds 1700000000.25"])
    #expect(!text.contains("process_open_fds"))
  }

  @Test("The order does not depend on the order of loading")
  func order() {
    var reversed = SnapshotFixture.full()
    reversed.loaded.reverse()
    reversed.aliases.reverse()
    #expect(PrometheusText.render(reversed) == PrometheusText.render(SnapshotFixture.full()))
  }

  @Test("Quotes, backslashes and line ends in a label are escaped")
  func escaping() {
    var text = PrometheusWriter(prefix: "x_")
    text.family("y", .gauge, "Help.")
    text.sample([("a", "say \"hi\"\\\n")], 1)
    #expect(text.text == "# HELP x_y Help.\n# TYPE x_y gauge\nx_y{a=\"say \\\"hi\\\"\\\\\\n\"} 1\n")
  }

  @Test("promtool accepts every metric without a warning", arguments: [false, true])
  func promtool(isNew: Bool) async throws {
    let text = PrometheusText.render(isNew ? SnapshotFixture.empty() : SnapshotFixture.full())
    do {
      let result = try await Subprocess.run(
        .name("promtool"), arguments: ["check", "metrics"], input: .string(text), output: .string(limit: 1 << 16),
        error: .string(limit: 1 << 16))
      #expect(result.terminationStatus.isSuccess)
      #expect(result.standardOutput + result.standardError == "")
    } catch let error as SubprocessError {
      Issue.record(
        "promtool cannot be run (\(error)); install it with: services/install-packages.sh test, or apt-get install -y --no-install-recommends prometheus"
      )
    }
  }
}
