import Console

extension PolicyListing {
  /// `4 -> 64-64 tanh -> 2 categorical, value 64-64`
  var text: String {
    let layers = { (widths: [Int]) in widths.isEmpty ? "linear" : widths.map(String.init).joined(separator: "-") }
    var parts = ["\(observationWidth) -> \(layers(policyHidden)) \(activation) -> \(actionWidth) \(head)"]
    if hasValue { parts.append(sharedTrunk ? "value on the same trunk" : "value \(layers(valueHidden))") }
    if normalized { parts.append("normalized") }
    return parts.joined(separator: ", ")
  }
}

extension VersionListing {
  /// Everything, a fact a line.
  var text: String {
    var lines: [(String, String)] = [
      ("model", "\(model)#\(version)"), ("aliases", aliases.isEmpty ? "-" : aliases.joined(separator: ", ")),
    ]
    if let state { lines.append(("state", failure.map { "\(state): \($0)" } ?? state)) }
    if let policy {
      lines += [
        ("environment", policy.environment), ("policy", policy.text),
        ("parameters", NumberFormat.grouped(Int(clamping: policy.parameters))),
        ("fingerprint", policy.fingerprint ?? "-"),
      ]
    }
    lines += [
      ("sha256", sha256), ("artefact", NumberFormat.bytes(Int(clamping: artefactBytes))), ("created", created),
    ]
    if let who { lines.append(("by", who)) }
    lines += lineageLines
    let width = lines.map(\.0.count).max() ?? 0
    return lines.map { $0.0 + String(repeating: " ", count: width - $0.0.count + 2) + $0.1 }.joined(separator: "\n")
  }

  private var lineageLines: [(String, String)] {
    var lines: [(String, String)] = []
    if let algorithm = lineage.algorithm { lines.append(("algorithm", algorithm)) }
    if let run = lineage.run { lines.append(("run", run)) }
    if let seed = lineage.seed { lines.append(("seed", "\(seed)")) }
    if let steps = lineage.environmentSteps { lines.append(("steps", NumberFormat.grouped(Int(clamping: steps)))) }
    for teacher in lineage.teachers {
      let queries = NumberFormat.grouped(Int(clamping: teacher.queries))
      let hash = teacher.sha256.map { ", sha256 \($0.prefix(12))" } ?? ""
      lines.append(("teacher", "\(teacher.model)#\(teacher.version), \(queries) queries\(hash)"))
    }
    return lines
  }

  /// - Parameter states: whether there is a state to show, as at a service.
  static func columns(states: Bool) -> [TableColumn<VersionListing>] {
    let state = TableColumn<VersionListing>("STATE") { $0.state ?? "-" }
    return [
      TableColumn("MODEL") { "\($0.model)#\($0.version)" },
      TableColumn("ALIASES") { $0.aliases.isEmpty ? "-" : $0.aliases.joined(separator: ",") },
    ] + (states ? [state] : []) + [
      TableColumn("ENVIRONMENT") { $0.policy?.environment ?? "-" },
      TableColumn("POLICY") { $0.policy?.text ?? "-" },
      TableColumn("PARAMETERS", .right) { $0.policy.map { NumberFormat.grouped(Int(clamping: $0.parameters)) } ?? "-" },
      TableColumn("SHA-256") { String($0.sha256.prefix(12)) },
      TableColumn("CREATED (UTC)") { Timestamp.short($0.created) },
    ]
  }
}
