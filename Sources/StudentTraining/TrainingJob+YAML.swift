import Learning
import Neural
import Yams

extension TrainingJob {
  /// Reads a job from YAML; what it does not say has its default. Keys are as in ``TrainingJob``, and those of
  /// `settings` are the fields of `DistillationSettings`, all in snake_case.
  ///
  /// - Parameter file: the text's name, for messages.
  /// - Throws: `StudentError` with code `invalidJob`, the line, and what was expected: for a text that is no YAML, an
  ///   unknown or missing key, or a value of another type. Whether the values make sense is ``validate()``'s to say.
  public init(yaml text: String, file: String = "job") throws(StudentError) {
    let reader = JobReader(file: file)
    guard let given = try reader.compose(text) else {
      throw StudentError(
        .invalidJob, "\(file): there is nothing in it; expected \(JobReader.listing(JobReader.required))")
    }
    self = try reader.job(given)
  }

  /// The job as YAML that reads back as the same job, every default included.
  public func yaml() throws -> String {
    let fields = try Yams.compose(yaml: try YAMLEncoder().encode(self))!  // a job is more than an empty text
    return try Yams.serialize(node: JobReader.text(of: fields, path: []))
  }

  /// A job to begin from, every setting at its default.
  public static func exampleYAML() throws -> String {
    try TrainingJob(
      environment: "CartPole-v1", teacher: "127.0.0.1:7070/cartpole", steps: 20_000, seed: 1,
      registry: "student.sqlite", model: "cartpole-8x8"
    ).yaml()
  }
}

/// Lays what a text says over a job's defaults, so that it says which keys are known and where a fault is.
private struct JobReader {
  static let required = ["environment", "teacher", "steps", "registry", "model"]

  let file: String

  func compose(_ text: String) throws(StudentError) -> Node? {
    do {
      return try Yams.compose(yaml: text)
    } catch let error as YamlError {
      switch error {
      case .duplicatedKeysInMapping(let duplicates, _):
        let keys = duplicates.map { "'\($0)'" }.sorted()
        throw StudentError(.invalidJob, "\(file): \(keys.joined(separator: ", ")) is there twice")
      case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
        .composer(_, let problem, let mark, _):
        throw StudentError(.invalidJob, "\(file):\(mark.line): no YAML: \(problem)")
      default: throw StudentError(.invalidJob, "\(file): no YAML: \(error)")
      }
    } catch {
      throw StudentError(.invalidJob, "\(file): no YAML: \(error)")
    }
  }

  func job(_ given: Node) throws(StudentError) -> TrainingJob {
    guard case .mapping(let mapping) = given else {
      throw fault(given, "expected a mapping with the keys \(Self.listing(Self.required))")
    }
    do {
      let defaults = TrainingJob(environment: "", teacher: "", steps: 0, registry: "", model: "")
      let known = try Yams.compose(yaml: try YAMLEncoder().encode(defaults))!  // a job is more than an empty text
      // A misspelt key is told before the one that it leaves missing.
      let node = try overlay(given, on: known, path: [])
      let missing = Self.required.filter { key in !mapping.keys.contains { $0.string == key } }
      guard missing.isEmpty else {
        throw fault(given, "\(missing.count == 1 ? "key" : "keys") \(Self.listing(missing)) missing")
      }
      var job = try YAMLDecoder().decode(TrainingJob.self, from: node)
      job.settings.hidden = job.student.hidden
      job.settings.activation = job.student.activation
      return job
    } catch let fault as StudentError {
      throw fault
    } catch {
      throw fault(of: error, in: given)
    }
  }

  /// The defaults with the given values in their places, under the fields' own names.
  private func overlay(_ given: Node, on known: Node, path: [String]) throws(StudentError) -> Node {
    guard case .mapping(var merged) = known else { return given }
    guard case .mapping(let mapping) = given else {
      let keys = merged.keys.compactMap { $0.string.map(Self.snakeCase) }
      throw fault(given, "\(path.joined(separator: ".")) expected to be a mapping of \(Self.listing(keys.sorted()))")
    }
    for (key, value) in mapping {
      let name = key.string ?? ""
      let field = Self.camelCase(name)
      guard let knownValue = merged[field], Self.snakeCase(field) == name, !Self.isTheStudents(field, path) else {
        let keys = merged.keys.compactMap(\.string).filter { !Self.isTheStudents($0, path) }.map(Self.snakeCase)
        let place = path.isEmpty ? "" : " in \(path.joined(separator: "."))"
        throw fault(key, "unknown key '\(name)'\(place); known are \(Self.listing(keys.sorted()))")
      }
      merged[field] = try overlay(value, on: knownValue, path: path + [name])
    }
    return .mapping(merged)
  }

  /// What `student` says of the settings.
  private static func isTheStudents(_ field: String, _ path: [String]) -> Bool {
    path == ["settings"] && ["hidden", "activation"].contains(field)
  }

  /// Fields as they are written: keys in snake_case, without what `student` says.
  static func text(of fields: Node, path: [String]) -> Node {
    guard case .mapping(let mapping) = fields else {
      // YAMLEncoder writes a Float's digits as a Double.
      guard case .scalar(let scalar) = fields, scalar.style == .plain, scalar.string.contains("e"),
        let number = Float(scalar.string)
      else { return fields }
      return Node("\(number)")
    }
    let pairs = mapping.compactMap { key, value -> (Node, Node)? in
      guard let field = key.string, !isTheStudents(field, path) else { return nil }
      return (Node(snakeCase(field)), text(of: value, path: path + [field]))
    }
    return Node(pairs, .implicit, .block)
  }

  // MARK: Faults

  private func fault(_ node: Node, _ message: String) -> StudentError {
    StudentError(.invalidJob, "\(file):\(node.mark?.line ?? 1): \(message)")
  }

  private func fault(of error: any Error, in given: Node) -> StudentError {
    let path: [any CodingKey]
    let expected: String
    switch error {
    case DecodingError.typeMismatch(let type, let context), DecodingError.valueNotFound(let type, let context):
      path = context.codingPath
      expected = Self.words(for: type)
    case DecodingError.dataCorrupted(let context), DecodingError.keyNotFound(_, let context):
      path = context.codingPath
      expected = Self.choices[path.last?.stringValue ?? ""] ?? "something else: \(context.debugDescription)"
    default: return StudentError(.invalidJob, "\(file): \(error)")
    }
    var node = given
    var names: [String] = []
    for key in path {
      names.append(key.intValue.map { "\($0 + 1)" } ?? Self.snakeCase(key.stringValue))
      if let index = key.intValue, let item = node.sequence.map(Array.init), item.indices.contains(index) {
        node = item[index]
      } else if let value = node.mapping?[Node(Self.snakeCase(key.stringValue))] {
        node = value
      }
    }
    let value = node.string.map { "'\($0)'" } ?? (node.sequence == nil ? "a mapping" : "a list")
    return fault(node, "\(names.joined(separator: ".")) is \(value), expected \(expected)")
  }

  private static let choices = [
    "activation": Activation.allCases.map(\.rawValue).joined(separator: " or "),
    "learningRateSchedule": [Schedule.constant, .linear].map(\.rawValue).joined(separator: " or "),
  ]

  private static func words(for type: Any.Type) -> String {
    switch type {
    case is Int.Type: "a whole number"
    case is UInt64.Type: "a whole number from 0"
    case is Float.Type, is Double.Type: "a number"
    case is Bool.Type: "true or false"
    case is String.Type: "text"
    case is Node.Sequence.Type, is [Int].Type: "a list of whole numbers"
    default: "\(type)"
    }
  }

  static func listing(_ words: [String]) -> String { words.joined(separator: ", ") }

  static func snakeCase(_ name: String) -> String {
    name.reduce(into: "") { result, letter in
      result += letter.isUppercase ? "_\(letter.lowercased())" : String(letter)
    }
  }

  static func camelCase(_ name: String) -> String {
    let words = name.split(separator: "_", omittingEmptySubsequences: false)
    return words.enumerated().map { $0 == 0 ? String($1) : $1.prefix(1).uppercased() + $1.dropFirst() }.joined()
  }
}
