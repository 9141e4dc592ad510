import ArgumentParser

/// How much of a list of measures is measured, and how long.
struct MeasureOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Pairs of measurements behind each ratio.", valueName: "n"))
  var pairs = 10

  @Option(help: ArgumentHelp("How long each measurement lasts.", valueName: "s"))
  var seconds = 0.5

  @Option(help: ArgumentHelp("Measure only the rows whose names contain this.", valueName: "words"))
  var only = ""

  func validate() throws {
    guard pairs > 0 else { throw ValidationError("--pairs is \(pairs), expected 1 or more") }
    guard seconds > 0, seconds <= 3600 else {
      throw ValidationError("--seconds is \(seconds), expected more than 0 and at most 3600")
    }
  }

  func requireRow(of names: [String]) throws {
    guard only.isEmpty || names.contains(where: { $0.contains(only) }) else {
      throw ValidationError(
        "--only '\(only)' is part of no row's name, expected words of one of:\n  " + names.joined(separator: "\n  "))
    }
  }
}
