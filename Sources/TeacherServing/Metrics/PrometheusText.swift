import Wire

/// A snapshot in the text exposition format 0.0.4 of Prometheus.
///
/// <https://prometheus.io/docs/instrumenting/exposition_formats/>
///
/// The order of families and series is always the same. A version that has computed nothing has no histograms, and of
/// the codes other than OK those that occurred have a series: a hundred loaded versions stay a short text.
public enum PrometheusText {
  public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  public static func render(_ snapshot: ServiceSnapshot) -> String {
    var text = PrometheusWriter(prefix: "docent_teacher_")
    let versions = snapshot.versions.sorted { $0.key < $1.key }
    renderCalls(snapshot, versions, to: &text)
    renderTimes(versions, to: &text)
    renderConnections(snapshot.loops.connections, to: &text)
    renderModels(snapshot, to: &text)
    renderService(snapshot, to: &text)
    renderProcess(snapshot.process, to: &text)
    return text.text
  }

  private typealias Versions = [(key: VersionKey, value: LaneMetrics)]

  private static func renderCalls(_ snapshot: ServiceSnapshot, _ versions: Versions, to text: inout PrometheusWriter) {
    let loops = snapshot.loops
    text.family("calls_total", .counter, "Queries by how they ended; without a model where none was found for them.")
    for code in StatusCounts.codes where loops.unrouted[code] > 0 {
      text.sample([("model", ""), ("version", ""), ("status", code.description)], loops.unrouted[code])
    }
    for (key, metrics) in versions {
      for code in StatusCounts.codes where code == .ok || metrics.calls[code] > 0 {
        text.sample(labels(key) + [("status", code.description)], metrics.calls[code])
      }
    }
    text.family("rows_total", .counter, "Rows of the queries that were answered.")
    for (key, metrics) in versions { text.sample(labels(key), metrics.rows) }
    text.family("calls_refused_total", .counter, "Calls that were refused, by reason.")
    for (reason, count) in loops.callsRefused.all { text.sample([("reason", reason.rawValue)], count) }
    text.family("control_calls_total", .counter, "Calls other than queries by how they ended.")
    let control = loops.control.counts.sorted {
      ($0.key.call.rawValue, $0.key.code.rawValue) < ($1.key.call.rawValue, $1.key.code.rawValue)
    }
    for (key, count) in control {
      text.sample([("call", key.call.rawValue), ("status", key.code.description)], count)
    }
  }

  private static func renderTimes(_ versions: Versions, to text: inout PrometheusWriter) {
    let computed = versions.filter { $0.value.batches.count > 0 }
    func family(_ name: String, _ help: String, _ histogram: (LaneMetrics) -> some Histogram) {
      text.family(name, .histogram, help)
      for (key, metrics) in computed { text.histogram(labels(key), histogram(metrics)) }
    }
    family("queue_seconds", "From a query's arrival to the beginning of its forward pass.") { $0.queueTime }
    family("compute_seconds", "Of each forward pass.") { $0.computeTime }
    family("reply_seconds", "From the end of the forward pass until the reply was written.") { $0.replyTime }
    family("batch_rows", "Rows of each forward pass.") { $0.batches }
  }

  private static func renderConnections(_ connections: ConnectionMetrics, to text: inout PrometheusWriter) {
    text.family("connections", .gauge, "Connections that are open.")
    text.sample([], connections.open)
    text.family("connections_accepted_total", .counter, "Connections that were opened.")
    text.sample([], connections.accepted)
    text.family("connections_closed_total", .counter, "Connections that are over, by reason.")
    for (reason, count) in connections.closed.all { text.sample([("reason", reason.rawValue)], count) }
    text.family("frames_refused_total", .counter, "Frames that ended their connection, by reason.")
    for (reason, count) in connections.framesRefused.all { text.sample([("reason", reason.rawValue)], count) }
    text.family("read_bytes_total", .counter, "Bytes read from clients.")
    text.sample([], connections.bytesRead)
    text.family("written_bytes_total", .counter, "Bytes written to clients.")
    text.sample([], connections.bytesWritten)
  }

  private static func renderModels(_ snapshot: ServiceSnapshot, to text: inout PrometheusWriter) {
    let loaded = snapshot.loaded.sorted { $0.key < $1.key }
    text.family("loaded_version", .gauge, "1 for each version that is loaded.")
    for version in loaded { text.sample(labels(version.key), 1) }
    text.family("loaded_version_parameters", .gauge, "Parameters of the network.")
    for version in loaded { text.sample(labels(version.key), version.parameters) }
    text.family("loaded_version_row_seconds", .gauge, "Time of one row alone, measured when the version was loaded.")
    for version in loaded { text.sample(labels(version.key), version.microsecondsPerRow / 1e6) }
    text.family("alias", .gauge, "1 for the version that each alias names.")
    for alias in snapshot.aliases.sorted(by: { ($0.model, $0.alias) < ($1.model, $1.alias) }) {
      text.sample([("model", alias.model), ("alias", alias.alias), ("version", "\(alias.version)")], 1)
    }
  }

  private static func renderService(_ snapshot: ServiceSnapshot, to text: inout PrometheusWriter) {
    text.family("queued_rows", .gauge, "Rows that are not answered yet.")
    text.sample([], snapshot.queuedRows)
    text.family("event_loops", .gauge, "Threads that read and answer.")
    text.sample([], snapshot.eventLoops)
    text.family("turns_total", .counter, "Turns of the event loops that had something to compute or to send.")
    text.sample([], snapshot.loops.turns)
    text.family("uptime_seconds", .gauge, "Since the service began to listen.")
    text.sample([], snapshot.uptime / .seconds(1))
  }

  /// Under the names that Prometheus has for every program.
  private static func renderProcess(_ process: ProcessFigures, to text: inout PrometheusWriter) {
    text.prefix = "process_"
    func figure(_ name: String, _ kind: PrometheusWriter.Kind, _ help: String, _ value: Double?) {
      guard let value else { return }
      text.family(name, kind, help)
      text.sample([], value)
    }
    figure("cpu_seconds_total", .counter, "User and system time.", process.processorSeconds)
    figure("max_fds", .gauge, "The most file descriptors that may be open.", process.descriptorsMax.map(Double.init))
    figure("open_fds", .gauge, "File descriptors that are open.", process.openDescriptors.map(Double.init))
    figure("resident_memory_bytes", .gauge, "Resident memory.", process.residentBytes.map(Double.init))
    figure("start_time_seconds", .gauge, "When the process began, in seconds since 1970.", process.startTime)
  }

  private static func labels(_ key: VersionKey) -> [PrometheusWriter.Label] {
    [("model", key.model), ("version", "\(key.number)")]
  }
}
