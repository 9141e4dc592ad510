import Console
import Foundation

/// A view on the terminal that is read and redrawn again and again.
enum LiveView {
  /// Lines for a screen of some size.
  typealias Picture = @Sendable (TerminalSize) -> [TopLine]

  /// Shows it until `q` is pressed or its task is cancelled.
  ///
  /// - Parameter read: what is to be seen now; it is drawn again where the window has another size.
  static func show(every interval: Duration, read: () async throws -> Picture) async throws {
    let screen = TerminalScreen()
    defer { screen.giveBack() }
    let colours = ProcessInfo.processInfo.environment["NO_COLOR"].map(\.isEmpty) ?? true
    while true {
      let started = ContinuousClock.now
      let picture = try await read()
      var drawn = screen.size
      screen.draw(picture(drawn), colours: colours)
      // Between two readings: the keyboard, and a window that has another size.
      repeat {
        try await Task.sleep(until: min(started + interval, .now + .milliseconds(100)))
        if screen.isEndAsked { return }
        if screen.size != drawn {
          drawn = screen.size
          screen.draw(picture(drawn), colours: colours)
        }
      } while .now < started + interval
    }
  }
}
