/// What a teacher service told of itself in one poll: counts since it began, and the state of that moment.
struct ServiceReading: Sendable {
  struct VersionName: Hashable, Sendable {
    var model: String
    var number: UInt64
  }

  struct Version: Sendable {
    var isLoaded = false
    var aliases: [String] = []
    /// By status.
    var calls: [String: Double] = [:]
    var rows = 0.0
    var batches = HistogramReading()
    var queue = HistogramReading()
    var compute = HistogramReading()
    var reply = HistogramReading()
  }

  struct NoTeacher: Error, CustomStringConvertible {
    var description: String { "these are no metrics of docent-teacher: docent_teacher_uptime_seconds is not there" }
  }

  private(set) var uptime = 0.0
  private(set) var eventLoops = 0
  private(set) var connections = 0
  private(set) var queuedRows = 0
  private(set) var residentBytes: Int?
  private(set) var openDescriptors: Int?
  private(set) var descriptorsMax: Int?
  private(set) var processorSeconds: Double?
  private(set) var bytesRead = 0.0
  private(set) var bytesWritten = 0.0
  /// By reason; those of frames begin with "frame ".
  private(set) var refusals: [String: Double] = [:]
  /// Queries for which no model was found, by status.
  private(set) var unrouted: [String: Double] = [:]
  private(set) var versions: [VersionName: Version] = [:]

  init(_ exposition: Exposition) throws(NoTeacher) {
    guard exposition.samples.contains(where: { $0.name == "docent_teacher_uptime_seconds" }) else { throw NoTeacher() }
    for sample in exposition.samples { take(sample) }
  }

  private mutating func take(_ sample: Exposition.Sample) {
    let value = sample.value
    switch sample.name {
    case "docent_teacher_uptime_seconds": uptime = value
    case "docent_teacher_event_loops": eventLoops = Self.whole(value) ?? 0
    case "docent_teacher_connections": connections = Self.whole(value) ?? 0
    case "docent_teacher_queued_rows": queuedRows = Self.whole(value) ?? 0
    case "docent_teacher_read_bytes_total": bytesRead = value
    case "docent_teacher_written_bytes_total": bytesWritten = value
    case "docent_teacher_calls_refused_total": refusals[sample.labels["reason"] ?? "", default: 0] += value
    case "docent_teacher_frames_refused_total":
      refusals["frame \(sample.labels["reason"] ?? "")", default: 0] += value
    case "process_resident_memory_bytes": residentBytes = Self.whole(value)
    case "process_open_fds": openDescriptors = Self.whole(value)
    case "process_max_fds": descriptorsMax = Self.whole(value)
    case "process_cpu_seconds_total": processorSeconds = value
    default: takeVersion(sample)
    }
  }

  private mutating func takeVersion(_ sample: Exposition.Sample) {
    guard let model = sample.labels["model"] else { return }
    let value = sample.value
    let status = sample.labels["status"] ?? ""
    guard let number = sample.labels["version"].flatMap({ UInt64($0) }) else {
      if sample.name == "docent_teacher_calls_total" { unrouted[status, default: 0] += value }
      return
    }
    let name = VersionName(model: model, number: number)
    switch sample.name {
    case "docent_teacher_calls_total": versions[name, default: Version()].calls[status] = value
    case "docent_teacher_rows_total": versions[name, default: Version()].rows = value
    case "docent_teacher_loaded_version": versions[name, default: Version()].isLoaded = value == 1
    case "docent_teacher_alias":
      if let alias = sample.labels["alias"] { versions[name, default: Version()].aliases.append(alias) }
    default: takeHistogram(sample, of: name)
    }
  }

  private static let histograms: [String: any WritableKeyPath<Version, HistogramReading> & Sendable] = [
    "docent_teacher_batch_rows": \.batches, "docent_teacher_queue_seconds": \.queue,
    "docent_teacher_compute_seconds": \.compute, "docent_teacher_reply_seconds": \.reply,
  ]

  private mutating func takeHistogram(_ sample: Exposition.Sample, of name: VersionName) {
    guard let end = sample.name.lastIndex(of: "_"), let path = Self.histograms[String(sample.name[..<end])] else {
      return
    }
    switch sample.name[end...] {
    case "_bucket":
      guard let word = sample.labels["le"], let bound = word == "+Inf" ? .infinity : Double(word) else { return }
      versions[name, default: Version()][keyPath: path].buckets.append((bound, sample.value))
    case "_sum": versions[name, default: Version()][keyPath: path].sum = sample.value
    default: break
    }
  }

  /// A number of things: what is not whole, or more than an `Int` holds, is none.
  private static func whole(_ value: Double) -> Int? { Int(exactly: value) }
}

/// A histogram as it is exposed, or the difference of two.
struct HistogramReading: Sendable {
  /// Ascending, the last bound infinite; counts are cumulative.
  var buckets: [(bound: Double, count: Double)] = []
  var sum = 0.0

  var count: Double { buckets.last?.count ?? 0 }
  var mean: Double? { count > 0 ? sum / count : nil }

  /// What came between an older reading and this one; all of it where counting began anew in between.
  func since(_ older: Self?) -> Self {
    guard let older, older.buckets.count == buckets.count,
      zip(buckets, older.buckets).allSatisfy({ $0.bound == $1.bound && $0.count >= $1.count })
    else { return self }
    var difference = self
    for index in buckets.indices { difference.buckets[index].count -= older.buckets[index].count }
    difference.sum -= older.sum
    return difference
  }

  /// Interpolated within its bucket, as Prometheus' `histogram_quantile` does. Beyond the last finite bound that bound
  /// is all that is known.
  func quantile(_ share: Double) -> Double? {
    guard count > 0 else { return nil }
    let rank = share * count
    var lower = (bound: 0.0, count: 0.0)
    for bucket in buckets {
      if bucket.count >= rank, bucket.count > lower.count {
        guard bucket.bound.isFinite else { return lower.bound }
        let within = max(rank - lower.count, 0) / (bucket.count - lower.count)
        return lower.bound + (bucket.bound - lower.bound) * within
      }
      lower = bucket
    }
    return nil
  }
}
