import Synchronization

/// How far a piece of work is.
public struct ProgressState: Sendable {
  /// Units done and in all, such as environment steps.
  public var done: Int
  public var total: Int
  /// Units a second; measured from the start of the work where the caller has none.
  public var rate: Double?
  /// Named figures in the order to show them, such as `("return", "213.4")`.
  public var details: [(name: String, value: String)]
  /// Seconds left; computed from the rate where the caller has none.
  public var secondsLeft: Double?

  public init(
    done: Int, total: Int, rate: Double? = nil, details: [(name: String, value: String)] = [],
    secondsLeft: Double? = nil
  ) {
    self.done = done
    self.total = total
    self.rate = rate
    self.details = details
    self.secondsLeft = secondsLeft
  }
}

/// Shows progress on standard error: a bar that is redrawn on a terminal, plain lines every few seconds elsewhere.
///
/// `update` may be called as often as wanted, from any thread; most calls cost one look at the clock.
public final class ProgressDisplay: Sendable {
  /// How the progress is shown.
  public enum Style: Sendable {
    /// One line, redrawn in place.
    case bar(columns: Int)
    /// A line every few seconds.
    case lines
    /// Nothing at all.
    case silent

    /// A bar where standard error is a terminal, else lines.
    public static var automatic: Style {
      StandardStream.error.isTerminal ? .bar(columns: StandardStream.error.columns) : .lines
    }
  }

  private struct Shown {
    var lastDrawn: Duration?
    var last: ProgressState?
    var finished = false
  }

  private let label: String
  private let unit: String
  private let style: Style
  private let elapsed: @Sendable () -> Duration
  private let write: @Sendable (String) -> Void
  private let shown = Mutex(Shown())

  /// - Parameters:
  ///   - label: what is being done, such as `train CartPole-v1`.
  ///   - unit: what is counted, in the plural.
  ///   - elapsed: time since the start; the tests bring their own.
  public init(
    _ label: String, unit: String = "steps", style: Style = .automatic,
    elapsed: (@Sendable () -> Duration)? = nil,
    write: @escaping @Sendable (String) -> Void = { StandardStream.error.write($0) }
  ) {
    self.label = label
    self.unit = unit
    self.style = style
    self.write = write
    let start = ContinuousClock.now
    self.elapsed = elapsed ?? { ContinuousClock.now - start }
  }

  private var interval: Duration {
    if case .bar = style { return .milliseconds(100) }
    return .seconds(2)
  }

  public func update(_ state: ProgressState) {
    let now = elapsed()
    shown.withLock { shown in
      guard !shown.finished else { return }
      shown.last = state
      // Lines wait for their first interval: work that ends sooner shows its result only.
      if let last = shown.lastDrawn {
        guard now - last >= interval else { return }
      } else if case .lines = style, now < interval {
        return
      }
      shown.lastDrawn = now
      draw(state, now: now, last: false)
    }
  }

  /// Draws the last state once more and ends the line. Later updates are ignored.
  public func finish() {
    let now = elapsed()
    shown.withLock { shown in
      guard !shown.finished else { return }
      shown.finished = true
      if let state = shown.last { draw(state, now: now, last: true) }
    }
  }

  private func draw(_ state: ProgressState, now: Duration, last: Bool) {
    var state = state
    let seconds = now / .seconds(1)
    if state.rate == nil && seconds > 0 { state.rate = Double(state.done) / seconds }
    if state.secondsLeft == nil, let rate = state.rate, rate > 0 {
      state.secondsLeft = Double(max(0, state.total - state.done)) / rate
    }
    switch style {
    case .bar(let columns):
      let text = ProgressText.bar(label, state, unit: unit, columns: columns)
      write("\r\(text)\u{1B}[K" + (last ? "\n" : ""))
    case .lines: write(ProgressText.line(label, state, unit: unit) + "\n")
    case .silent: break
    }
  }
}

/// Progress as text.
enum ProgressText {
  static func line(_ label: String, _ state: ProgressState, unit: String) -> String {
    "\(label): " + ([share(state)] + figures(state, unit: unit)).joined(separator: ", ")
  }

  /// At most `columns - 1` columns: the cursor stays on the line. The bar shrinks first, then it goes, then the label,
  /// then the units.
  static func bar(_ label: String, _ state: ProgressState, unit: String, columns: Int) -> String {
    let tail = ([share(state)] + figures(state, unit: unit)).joined(separator: "  ")
    let room = columns - 1 - label.count - tail.count - 4
    guard room >= 5 else {
      let short = ([share(state)] + figures(state, unit: nil)).joined(separator: "  ")
      let texts = ["\(label) \(tail)", "\(label) \(short)", tail, short]
      return String((texts.first { $0.count < columns } ?? short).prefix(max(0, columns - 1)))
    }
    let width = min(room, 30)
    let full = Int((Double(width) * fraction(state)).rounded(.down))
    let bar = String(repeating: "#", count: full) + String(repeating: "-", count: width - full)
    return "\(label) [\(bar)] \(tail)"
  }

  private static func fraction(_ state: ProgressState) -> Double {
    state.total > 0 ? min(1, max(0, Double(state.done) / Double(state.total))) : 0
  }

  private static func share(_ state: ProgressState) -> String { "\(Int((fraction(state) * 100).rounded(.down)))%" }

  /// - Parameter unit: nil where it has no room.
  private static func figures(_ state: ProgressState, unit: String?) -> [String] {
    let counted = unit.map { " \($0)" } ?? ""
    var figures = ["\(NumberFormat.grouped(state.done))/\(NumberFormat.grouped(state.total))\(counted)"]
    if let rate = state.rate { figures.append("\(NumberFormat.rate(rate))\(counted)/s") }
    figures += state.details.map { "\($0.name) \($0.value)" }
    if let left = state.secondsLeft { figures.append("\(NumberFormat.clock(seconds: left)) left") }
    return figures
  }
}
