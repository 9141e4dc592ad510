import Console
import Synchronization
import Testing

/// A clock that is set by hand and what was written by then.
private final class Stage: Sendable {
  let now = Mutex(Duration.zero)
  let written = Mutex("")

  func display(_ style: ProgressDisplay.Style) -> ProgressDisplay {
    ProgressDisplay(
      "train", style: style, elapsed: { self.now.withLock { $0 } },
      write: { text in self.written.withLock { $0 += text } })
  }
  func at(_ seconds: Double) { now.withLock { $0 = .seconds(seconds) } }
  func take() -> String {
    written.withLock { text in
      defer { text = "" }; return text
    }
  }
}

@Suite("Progress") struct ProgressDisplayTests {
  private let half = ProgressState(
    done: 1500, total: 3000, rate: 1000, details: [("return", "21.5"), ("loss", "0.1")])

  @Test("away from a terminal: a line every 2 seconds and one at the end")
  func lines() {
    let stage = Stage()
    let display = stage.display(.lines)
    display.update(half)
    #expect(stage.take() == "")
    stage.at(2)
    display.update(half)
    #expect(stage.take() == "train: 50%, 1,500/3,000 steps, 1,000 steps/s, return 21.5, loss 0.1, 0:02 left\n")
    stage.at(3.9)
    display.update(half)
    #expect(stage.take() == "")
    display.update(ProgressState(done: 3000, total: 3000, rate: 1000))
    display.finish()
    #expect(stage.take() == "train: 100%, 3,000/3,000 steps, 1,000 steps/s, 0:00 left\n")
    stage.at(9)
    display.update(half)
    display.finish()
    #expect(stage.take() == "")
  }

  @Test("on a terminal: one line redrawn in place, within its columns")
  func bar() {
    let stage = Stage()
    let display = stage.display(.bar(columns: 101))
    display.update(half)
    let drawn = stage.take()
    #expect(drawn.hasPrefix("\rtrain [###") && drawn.hasSuffix("0:02 left\u{1B}[K"))
    #expect(drawn.filter { $0 == "#" }.count == drawn.filter { $0 == "-" }.count)
    stage.at(0.05)
    display.update(half)
    #expect(stage.take() == "")
    display.finish()
    #expect(stage.take().hasSuffix("\u{1B}[K\n"))

    let narrow = Stage()
    narrow.display(.bar(columns: 20)).update(half)
    #expect(narrow.take() == "\r50%  1,500/3,000  1\u{1B}[K")
  }

  @Test("rate and time left are computed where the caller has none")
  func computed() {
    let stage = Stage()
    let display = stage.display(.lines)
    stage.at(4)
    display.update(ProgressState(done: 1000, total: 3000))
    #expect(stage.take() == "train: 33%, 1,000/3,000 steps, 250 steps/s, 0:08 left\n")
  }
}
