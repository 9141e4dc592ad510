import Console
import Synchronization
import Testing

private struct Row: Encodable {
  var modelName: String
  var meanReturn: Float
  var path = "a/b"
}

@Suite("Results") struct OutputTests {
  private func printed(json: Bool, _ print: (ResultPrinter) throws -> Void) rethrows -> String {
    let text = Box()
    try print(ResultPrinter(json: json, write: { part in text.value.withLock { $0 += part } }))
    return text.value.withLock { $0 }
  }
  private final class Box: Sendable { let value = Mutex("") }

  @Test("--json prints one object a line; floats read back to the same bits")
  func json() throws {
    let rows = [Row(modelName: "teacher", meanReturn: 0.1), Row(modelName: "x", meanReturn: .infinity)]
    let text = try printed(json: true) { try $0.print(rows, columns: []) }
    #expect(
      text == """
        {"mean_return":0.1,"model_name":"teacher","path":"a/b"}
        {"mean_return":"Infinity","model_name":"x","path":"a/b"}

        """)
    #expect(try printed(json: true) { try $0.print(rows[0], text: "text") }.hasPrefix("{\"mean_return\":0.1,"))
  }

  @Test("without --json: a table with aligned columns, or the text")
  func text() throws {
    let rows = [Row(modelName: "teacher", meanReturn: 500), Row(modelName: "x", meanReturn: 9.5)]
    let text = try printed(json: false) {
      try $0.print(
        rows,
        columns: [
          TableColumn("model") { $0.modelName }, TableColumn("return", .right) { "\($0.meanReturn)" },
          TableColumn("in") { $0.path },
        ])
    }
    #expect(
      text == """
        model    return  in
        teacher   500.0  a/b
        x           9.5  a/b

        """)
    #expect(try printed(json: false) { try $0.print(rows[0], text: "hello") } == "hello\n")
  }

  @Test("numbers")
  func numbers() {
    #expect(NumberFormat.grouped(0) == "0")
    #expect(NumberFormat.grouped(-1_234_567) == "-1,234,567")
    #expect(NumberFormat.grouped(100_000) == "100,000")
    #expect(NumberFormat.rate(98.76) == "98.8")
    #expect(NumberFormat.rate(152_300.4) == "152,300")
    #expect(NumberFormat.clock(seconds: 7) == "0:07")
    #expect(NumberFormat.clock(seconds: 754) == "12:34")
    #expect(NumberFormat.clock(seconds: 3723) == "1:02:03")
    #expect(NumberFormat.clock(seconds: .infinity) == "-:--")
    #expect(NumberFormat.bytes(512) == "512 B")
    #expect(NumberFormat.bytes(4 << 20) == "4.0 MiB")
  }
}
