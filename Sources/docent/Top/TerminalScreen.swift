import Console
import Foundation

/// The terminal of standard output, taken for a view that is redrawn in place, and given back as it was.
///
/// What a redraw changes is all that changes: lines are overwritten, and each write is one whole picture.
struct TerminalScreen: Sendable {
  /// Of the keyboard, where standard input is a terminal.
  private let former: termios?

  /// Takes it: the other screen, no cursor, and keys that are neither shown nor wait for the line's end.
  init() {
    var attributes = termios()
    if isatty(0) == 1, tcgetattr(0, &attributes) == 0 {
      former = attributes
      attributes.c_lflag &= ~tcflag_t(ECHO | ICANON)
      withUnsafeMutableBytes(of: &attributes.c_cc) {
        // A read takes what is there. To suspend the program would leave its screen behind, so that key does nothing.
        $0[Int(VMIN)] = 0
        $0[Int(VTIME)] = 0
        $0[Int(VSUSP)] = 0
      }
      tcsetattr(0, TCSANOW, &attributes)
    } else {
      former = nil
    }
    StandardStream.output.write("\u{1B}[?1049h\u{1B}[?25l\u{1B}[2J")
  }

  func giveBack() {
    StandardStream.output.write("\u{1B}[?25h\u{1B}[?1049l")
    if var former { tcsetattr(0, TCSANOW, &former) }
  }

  var size: TerminalSize { TerminalSize(columns: StandardStream.output.columns, rows: StandardStream.output.rows) }

  /// - Parameter lines: of at most `size.rows`, each one column shorter than the screen, or its end would be erased.
  func draw(_ lines: [TopLine], colours: Bool) {
    StandardStream.output.write(Self.picture(lines, colours: colours))
  }

  static func picture(_ lines: [TopLine], colours: Bool) -> String {
    "\u{1B}[H" + lines.map { $0.rendered(colours: colours) + "\u{1B}[K" }.joined(separator: "\r\n") + "\u{1B}[J"
  }

  /// Whether `q` was pressed since the last look.
  var isEndAsked: Bool {
    guard former != nil else { return false }
    var keys = [UInt8](repeating: 0, count: 64)
    let count = Foundation.read(0, &keys, keys.count)
    return count > 0 && keys[..<count].contains { $0 == UInt8(ascii: "q") || $0 == UInt8(ascii: "Q") }
  }
}

struct TerminalSize: Equatable, Sendable {
  var columns: Int
  var rows: Int
}
