import Testing
import Wire

@testable import TeacherServing
@testable import docent

@Suite struct TopTextTests {
  private static func busy() throws -> TopMeasurement {
    let before = FakeService.pair
    var after = before
    after.answer(batches: 500, by: 0, in: 2)
    after.served[0].metrics.calls.count(.deadlineExceeded, calls: 6)
    after.loop.connections.open = 1
    after.loop.connections.accepted = 1
    after.loop.connections.bytesRead = 4096
    after.loop.callsRefused.count(.queueFull, times: 24)
    after.loop.callsRefused.count(.rate, times: 2)
    return TopMeasurement(address: "127.0.0.1:9464", from: try before.reading, to: try after.reading)
  }

  private func texts(_ lines: [TopLine]) -> [String] { lines.map(\.text) }

  @Test("Everything, where there is room for it")
  func wide() throws {
    let lines = TopText.lines(try Self.busy())
    #expect(
      texts(lines) == [
        "docent-teacher 127.0.0.1:9464  up 1:42  1 event loop  1 connection  32.0 MiB resident  40 of 20,000 descriptors",
        "1,003 queries/s  1,000 rows/s  in 2.0 KiB/s  out 0 B/s  3 rows queued",
        "refused/s  queue_full 12.0  rate 1.0",
        "errors/s  cartpole#1 DEADLINE_EXCEEDED 3.0",
        "",
        "MODEL     VERSION  ALIASES  QUERIES/S  ROWS/S  BATCH  QUEUE P50  QUEUE P99  COMPUTE P50  COMPUTE P99  REPLY P50  REPLY P99  ERRORS/S",
        "cartpole       #2  canary         0.0     0.0      -          -          -            -            -          -          -       0.0",
        "cartpole       #1  stable       1,003   1,000    4.0    30.0 us    32.9 us       2.0 ms       2.2 ms     5.1 us     5.6 us       3.0",
      ])
    #expect(lines.map(\.style) == [.title, .plain, .alarm, .alarm, .plain, .title, .idle, .plain])
  }

  @Test("No line is wider than the terminal, and the columns that matter most stay longest")
  func narrow() throws {
    let measurement = try Self.busy()
    for columns in 0...150 {
      let lines = TopText.lines(measurement, columns: columns, rows: 24)
      #expect(lines.allSatisfy { $0.text.count <= columns })
    }
    let header = "docent-teacher 127.0.0.1:9464  up 1:42"
    #expect(texts(TopText.lines(measurement, columns: 51))[0] == header)
    #expect(texts(TopText.lines(measurement, columns: 52))[0] == header + "  1 event loop")
    let titles = texts(TopText.lines(measurement, columns: 79))[5]
    #expect(titles == "MODEL     VERSION  QUERIES/S  ROWS/S  BATCH  QUEUE P99  COMPUTE P99  ERRORS/S")
    #expect(texts(TopText.lines(measurement, columns: 40))[5] == "MODEL     VERSION  QUERIES/S  QUEUE P99")
  }

  @Test("No more lines than the terminal has, and versions that are asked stay before idle ones")
  func low() throws {
    let measurement = try Self.busy()
    for rows in 0...12 { #expect(TopText.lines(measurement, columns: 80, rows: rows).count <= rows) }
    let fitting = texts(TopText.lines(measurement, rows: 8))
    #expect(fitting == texts(TopText.lines(measurement)))

    let before = FakeService((1...20).map { .init(key: VersionKey(model: "m", number: UInt64($0))) })
    var after = before
    for index in [3, 7] { after.answer(batches: 1, by: index, in: 1) }
    let many = TopMeasurement(address: "a:1", from: try before.reading, to: try after.reading)
    let lines = texts(TopText.lines(many, columns: 30, rows: 8))
    #expect(
      lines.dropFirst(4).map { $0.split(separator: " ").prefix(2).joined(separator: " ") } == [
        "m #20", "m #8", "m #4", "and 17",
      ])
  }

  @Test("A first reading says that it measures; a service without versions says so")
  func beginnings() throws {
    let first = TopMeasurement(address: "a:1", from: nil, to: try FakeService.pair.reading)
    #expect(texts(TopText.lines(first))[1] == "measuring")
    let empty = TopMeasurement(address: "a:1", from: nil, to: try FakeService([]).reading)
    #expect(texts(TopText.lines(empty)).last == "no version is loaded")
  }

  @Test("An outage says for how long, why, and that it goes on trying")
  func outage() {
    let lines = TopText.lines(
      failure: "refused\u{1B}[2J", source: "docent-teacher a:1", seconds: 75, columns: 60, rows: 10)
    #expect(texts(lines) == ["docent-teacher a:1", "no answer for 1:15, still trying", "refused?[2J"])
    #expect(lines[1].style == .alarm)
  }

  @Test("Names cannot steer the terminal")
  func names() throws {
    let service = FakeService([.init(key: VersionKey(model: "\u{1B}[31mé", number: 1))])
    let measurement = TopMeasurement(address: "a:1", from: nil, to: try service.reading)
    #expect(texts(TopText.lines(measurement)).last?.hasPrefix("?[31m??") == true)
  }

  @Test("Times have the unit that fits")
  func times() {
    let given: [Double?] = [nil, 0, 1.26e-6, 99.94e-6, 99.96e-6, 999.4e-6, 999.6e-6, 0.0123, 0.9996, 10]
    let shown = given.map { TopText.time($0) }
    #expect(
      shown == ["-", "0.0 us", "1.3 us", "99.9 us", "100 us", "999 us", "1.0 ms", "12.3 ms", "1.0 s", "10.0 s"])
  }

  @Test("A picture overwrites line by line, and erases what is left; colours only where they are wanted")
  func picture() {
    let lines = [TopLine(text: "a", style: .title), TopLine(text: "b")]
    #expect(TerminalScreen.picture(lines, colours: false) == "\u{1B}[Ha\u{1B}[K\r\nb\u{1B}[K\u{1B}[J")
    #expect(TerminalScreen.picture(lines, colours: true) == "\u{1B}[H\u{1B}[1ma\u{1B}[0m\u{1B}[K\r\nb\u{1B}[K\u{1B}[J")
  }
}
