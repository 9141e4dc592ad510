import Console
import Foundation
import RolloutControl
import Wire

/// What `docent rollout` shows of a rollout, as lines.
enum RolloutText {
  /// Where it stands.
  static func text(_ reply: V1.RolloutReply, at microseconds: Int64 = now) -> String {
    lines(reply, at: microseconds).map(\.text).joined(separator: "\n")
  }

  /// Microseconds since 1970-01-01 UTC, by this machine's clock.
  static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1e6) }

  /// At most `rows` lines of at most `columns` characters.
  ///
  /// - Parameter microseconds: now, which times are told by.
  static func lines(
    _ reply: V1.RolloutReply, at microseconds: Int64, columns: Int = .max, rows: Int = .max
  ) -> [TopLine] {
    guard !reply.rollout.isEmpty else {
      return [TopLine(text: TopText.cut("\(visible(reply.model)) has had no rollout", columns), style: .idle)]
    }
    let rollout = Rollout(reply, at: microseconds)
    var lines = [
      TopLine(text: TopText.fitted(rollout.header, columns), style: .title),
      TopLine(text: TopText.fitted(rollout.progress, columns), style: reply.state == "paused" ? .alarm : .plain),
    ]
    if !reply.reason.isEmpty { lines.append(TopLine(text: TopText.cut("why: \(visible(reply.reason))", columns))) }
    lines.append(TopLine(text: TopText.fitted(rollout.episodes, columns)))
    if !reply.gates.isEmpty {
      lines.append(TopLine(text: ""))
      lines += table(reply.gates, columns: columns)
    }
    return Array(lines.prefix(max(rows, 0)))
  }

  /// The same on one line, for logs.
  static func line(_ reply: V1.RolloutReply, at microseconds: Int64 = now) -> String {
    guard !reply.rollout.isEmpty else { return text(reply, at: microseconds) }
    let rollout = Rollout(reply, at: microseconds)
    let gates = reply.gates.map { "\(visible($0.gate)) \(visible($0.state))" }
    return (Array(rollout.header[..<3]) + rollout.progress + rollout.episodes + gates).joined(separator: "  ")
  }

  /// The same for who follows one rollout: what changes, narrow enough for a terminal.
  static func step(_ reply: V1.RolloutReply, at microseconds: Int64 = now) -> String {
    let rollout = Rollout(reply, at: microseconds)
    let gates = reply.gates.map { "\(visible($0.gate)) \($0.state == "undecided" ? "..." : visible($0.state))" }
    return ([visible(reply.state), rollout.share, rollout.played] + gates).joined(separator: "  ")
  }

  // MARK: Above the table

  private struct Rollout {
    let reply: V1.RolloutReply
    let microseconds: Int64
    /// nil where this program cannot read the plan, which a newer service may have written.
    let plan: RolloutPlan?

    init(_ reply: V1.RolloutReply, at microseconds: Int64) {
      self.reply = reply
      self.microseconds = microseconds
      plan = try? RolloutPlan(yaml: reply.plan)
    }

    var header: [String] {
      [
        "\(visible(reply.model)) #\(reply.candidate) over #\(reply.baseline)", visible(reply.state),
        "rollout \(visible(String(reply.rollout.prefix(RolloutText.digits))))",
        "started \(Timestamp.short(Timestamp.text(microseconds: reply.createdMicroseconds)))",
        "by \(visible(reply.who))",
      ]
    }

    var progress: [String] {
      let step = "step \(min(reply.step + 1, reply.steps.count)) of \(reply.steps.count)"
      if reply.endedMicroseconds != 0 { return ["ended \(clock(since: reply.endedMicroseconds)) ago", "at \(step)"] }
      let spent = clock(since: reply.stepStartedMicroseconds)
      if reply.state == "watching" {
        return ["stable is #\(reply.candidate)", "watched for \(spent)\(plan.map { " of \(clock($0.watch))" } ?? "")"]
      }
      return [
        step, "\(RolloutText.percent(reply.weightPercent)) of new episodes",
        "\(spent)\(plan.map { " of at least \(clock($0.every))" } ?? "")",
      ]
    }

    var episodes: [String] {
      let least = plan.map { " of at least \(NumberFormat.grouped($0.minimumEpisodes))" } ?? ""
      return [
        "episodes of #\(reply.candidate): \(grouped(reply.candidateEpisodes))"
          + (reply.endedMicroseconds == 0 ? least : ""),
        "of #\(reply.baseline): \(grouped(reply.stableEpisodes))",
      ]
    }

    /// Of whom, and for how long.
    var share: String {
      if reply.endedMicroseconds != 0 {
        return "#\(reply.state == "completed" ? reply.candidate : reply.baseline) is stable"
      }
      let spent = clock(since: reply.stepStartedMicroseconds)
      return reply.state == "watching"
        ? "#\(reply.candidate) is stable for \(spent)"
        : "\(RolloutText.percent(reply.weightPercent)) to #\(reply.candidate) for \(spent)"
    }

    var played: String {
      let least = plan.map { "/\(NumberFormat.grouped($0.minimumEpisodes))" } ?? ""
      return "\(grouped(reply.candidateEpisodes))\(reply.endedMicroseconds == 0 ? least : "") episodes"
    }

    private func clock(since start: Int64) -> String { clock(Double(max(0, microseconds - start)) / 1e6) }
    private func clock(_ seconds: Double) -> String { NumberFormat.clock(seconds: seconds) }
  }

  // MARK: Tables

  private static func table(_ gates: [V1.GateReading], columns: Int) -> [TopLine] {
    var shown: [TableColumn<V1.GateReading>] = [
      TableColumn("GATE") { visible($0.gate) },
      TableColumn("STATE") { visible($0.state) },
      TableColumn("ESTIMATE", .right) { number($0.estimate) },
      TableColumn("BOUNDS", .right) { gate in
        gate.lower == nil && gate.upper == nil ? "-" : "[\(number(gate.lower)), \(number(gate.upper))]"
      },
      TableColumn("UNITS", .right) { grouped($0.units) },
    ]
    if gates.contains(where: { !$0.note.isEmpty }) { shown.append(TableColumn("NOTE") { visible($0.note) }) }
    let texts = Table.text(gates, columns: shown).split(separator: "\n").map { TopText.cut(String($0), columns) }
    return [TopLine(text: texts[0], style: .title)]
      + zip(gates, texts.dropFirst()).map { gate, text in
        TopLine(text: text, style: gate.state == "failed" ? .alarm : gate.state == "passed" ? .plain : .idle)
      }
  }

  /// Of a rollout's id, as many digits as tell it from others.
  private static let digits = 12

  static let recordColumns: [TableColumn<RolloutRecordListing>] = [
    TableColumn("ROLLOUT") { visible(String($0.rollout.prefix(digits))) },
    TableColumn("STARTED (UTC)") { $0.created.map(Timestamp.short) ?? "-" },
    TableColumn("ENDED (UTC)") { $0.ended.map(Timestamp.short) ?? "-" },
    TableColumn("FROM", .right) { "#\($0.baseline)" },
    TableColumn("TO", .right) { "#\($0.candidate)" },
    TableColumn("STATE") { visible($0.state) },
    TableColumn("STEP", .right) { "\(min($0.step + 1, $0.steps.count))/\($0.steps.count)" },
    TableColumn("WHO") { visible($0.who) },
    TableColumn("WHY") { visible($0.reason) },
  ]

  static let eventColumns: [TableColumn<RolloutEventListing>] = [
    TableColumn("WHEN (UTC)") { Timestamp.short($0.when) },
    TableColumn("WHAT") { visible($0.kind) },
    TableColumn("STEP", .right) { "\($0.step + 1)" },
    TableColumn("WEIGHT", .right) { percent($0.weightPercent) },
    TableColumn("WHO") { visible($0.who) },
    TableColumn("WHY") { visible($0.reason) },
  ]

  // MARK: Words

  private static func number(_ number: Double?) -> String {
    number.map { NumberFormat.significant($0) } ?? "-"
  }

  private static func grouped(_ count: UInt64) -> String { NumberFormat.grouped(Int(clamping: count)) }

  /// 5 as `5%`, 0.5 as `0.5%`.
  private static func percent(_ number: Double) -> String { NumberFormat.significant(number, digits: 4) + "%" }

  /// What comes from the network cannot steer the terminal.
  static func visible(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0.isPrintable ? $0 : "?" }))
  }
}
