import Console
import Learning
import ModelStore
import Neural
import Registry

/// Who reached what, and at which price.
struct Scoreboard {
  struct Row: Encodable, Sendable {
    let policy: String
    let parameters: Int?
    let returnMean: Double
    let returnInterquartileMean: Double
    /// A 95% bootstrap interval of the interquartile mean.
    let returnLow: Double
    let returnHigh: Double
    let environmentSteps: UInt64?
    let teacherQueries: UInt64?
    let wallSeconds: Double?
  }

  let teacher: Row
  let student: Row
  let random: Row

  /// Evaluates the three over 100 episodes each.
  init(
    environment: String, teacher: StoredModel, teacherSeconds: Double, student: StoredModel, studentSeconds: Double
  ) throws {
    self.teacher = try Self.row("teacher", teacher, environment, teacherSeconds)
    self.student = try Self.row("student", student, environment, studentSeconds)
    let result = try Evaluation.random(environment: environment)
    random = Row(
      policy: "random", parameters: nil, returnMean: result.mean,
      returnInterquartileMean: result.interquartileMean, returnLow: result.low, returnHigh: result.high,
      environmentSteps: nil, teacherQueries: nil, wallSeconds: nil)
  }

  private static func row(
    _ name: String, _ model: StoredModel, _ environment: String, _ seconds: Double
  ) throws -> Row {
    let result = try Evaluation.run(model.policy, environment: environment)
    let lineage = model.version.lineage
    return Row(
      policy: name, parameters: model.policy.parameters.count, returnMean: result.mean,
      returnInterquartileMean: result.interquartileMean, returnLow: result.low, returnHigh: result.high,
      environmentSteps: lineage.environmentSteps,
      teacherQueries: lineage.teachers.isEmpty ? nil : lineage.teachers.map(\.queries).reduce(0, +),
      wallSeconds: seconds)
  }

  func print(with results: ResultPrinter) throws {
    try results.print(
      [teacher, student, random],
      columns: [
        TableColumn("POLICY") { $0.policy },
        TableColumn("PARAMETERS", .right) { $0.parameters.map(NumberFormat.grouped) ?? "-" },
        TableColumn("MEAN RETURN", .right) { Self.number($0.returnMean) },
        TableColumn("IQM [95% CI]", .right) {
          "\(Self.number($0.returnInterquartileMean)) [\(Self.number($0.returnLow)), \(Self.number($0.returnHigh))]"
        },
        TableColumn("STEPS", .right) { $0.environmentSteps.map { NumberFormat.grouped(Int($0)) } ?? "-" },
        TableColumn("QUERIES", .right) { $0.teacherQueries.map { NumberFormat.grouped(Int($0)) } ?? "-" },
        TableColumn("SECONDS", .right) { $0.wallSeconds.map(Self.number) ?? "-" },
      ])
  }

  private static func number(_ value: Double) -> String { NumberFormat.fixed(value, digits: 1) }
}
