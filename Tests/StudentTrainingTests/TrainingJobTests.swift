import Learning
import Neural
import Testing

@testable import StudentTraining

@Suite("A training job's text")
struct TrainingJobTests {
  static let least = """
    environment: CartPole-v1
    teacher: 127.0.0.1:7070/cartpole
    steps: 20000
    registry: student.sqlite
    model: small
    """

  @Test("What it does not say has its default")
  func defaults() throws {
    let job = try TrainingJob(yaml: Self.least)
    #expect(
      job
        == TrainingJob(
          environment: "CartPole-v1", teacher: "127.0.0.1:7070/cartpole", steps: 20000, registry: "student.sqlite",
          model: "small"))
  }

  @Test("What it says is taken")
  func everything() throws {
    let job = try TrainingJob(
      yaml: """
        environment: CartPole-v1
        teacher: teacher.sqlite/cartpole#3
        student: {hidden: [16], activation: relu}
        steps: 1_000
        seed: 18446744073709551615
        registry: r.sqlite
        model: small
        settings:
          environments: 32
          temperature: 2
          learning_rate: 1e-3
          learning_rate_schedule: constant
          max_gradient_norm: null
        evaluation:
          episodes: 0
        connection:
          tls_ca: ca.pem
          tls_server_name: teacher.example.org
          token_file: token
          timeout: 60
        """)
    #expect(job.student == TrainingJob.Student(hidden: [16], activation: .relu))
    #expect(job.settings.hidden == [16] && job.settings.activation == .relu)
    #expect(job.steps == 1000 && job.seed == .max)
    #expect(job.settings.environments == 32 && job.settings.temperature == 2)
    #expect(job.settings.learningRate == 1e-3 && job.settings.learningRateSchedule == .constant)
    #expect(job.settings.maxGradientNorm == nil)
    #expect(job.settings.minibatchRows == DistillationSettings().minibatchRows)
    #expect(job.evaluation.episodes == 0)
    #expect(job.connection.tlsCa == "ca.pem" && job.connection.tlsServerName == "teacher.example.org")
    #expect(job.connection.tokenFile == "token" && job.connection.timeout == 60)
  }

  @Test("The example reads back as itself and may be run")
  func example() throws {
    let text = try TrainingJob.exampleYAML()
    let job = try TrainingJob(yaml: text)
    #expect(try job.yaml() == text)
    #expect(text.contains("\n  minibatch_rows: "))
    #expect(job.settings == DistillationSettings())
    try job.validate()
  }

  struct Fault: Sendable, CustomTestStringConvertible {
    var text: String
    var message: String
    var testDescription: String { message }
  }

  @Test(
    "A fault names its line, what was given and what is known",
    arguments: [
      Fault(text: "", message: "job: there is nothing in it; expected environment, teacher, steps, registry, model"),
      Fault(
        text: "[1, 2]", message: "job:1: expected a mapping with the keys environment, teacher, steps, registry, model"),
      Fault(text: "environment: CartPole-v1\nsteps: 1\nmodel: x", message: "job:1: keys teacher, registry missing"),
      Fault(
        text: least + "\nstep: 1",
        message: """
          job:6: unknown key 'step'; known are connection, environment, evaluation, model, registry, seed, settings, steps, student, teacher
          """),
      Fault(
        text: least + "\nstudent:\n  layers: [8]",
        message: """
          job:7: unknown key 'layers' in student; known are activation, hidden
          """),
      Fault(
        text: least + "\nsettings:\n  learningRate: 1",
        message: """
          job:7: unknown key 'learningRate' in settings; known are adam_epsilon, environments, learning_rate, \
          learning_rate_schedule, max_gradient_norm, minibatch_rows, replay_rows, segment_steps, temperature, \
          updates_per_segment, value_coefficient
          """),
      Fault(
        text: least + "\nsettings:\n  hidden: [8]",
        message: """
          job:7: unknown key 'hidden' in settings; known are adam_epsilon, environments, learning_rate, \
          learning_rate_schedule, max_gradient_norm, minibatch_rows, replay_rows, segment_steps, temperature, \
          updates_per_segment, value_coefficient
          """),
      Fault(
        text: least + "\nstudent: [8, 8]", message: "job:6: student expected to be a mapping of activation, hidden"),
      Fault(text: least.replacing("20000", with: "many"), message: "job:3: steps is 'many', expected a whole number"),
      Fault(text: least + "\nseed: -1", message: "job:6: seed is '-1', expected a whole number from 0"),
      Fault(
        text: least + "\nstudent: {hidden: 8}",
        message: "job:6: student.hidden is '8', expected a list of whole numbers"),
      Fault(
        text: least + "\nstudent:\n  hidden:\n    - 8\n    - wide",
        message: "job:9: student.hidden.2 is 'wide', expected a whole number"),
      Fault(
        text: least + "\nstudent: {activation: gelu}",
        message: "job:6: student.activation is 'gelu', expected tanh or relu"),
      Fault(
        text: least + "\nsettings: {learning_rate_schedule: cosine}",
        message: """
          job:6: settings.learning_rate_schedule is 'cosine', expected constant or linear
          """),
      Fault(
        text: least + "\nsettings: {temperature: warm}",
        message: "job:6: settings.temperature is 'warm', expected a number"),
      Fault(text: least + "\nmodel: again", message: "job: 'model' is there twice"),
      Fault(text: "environment: \"CartPole", message: "job:1: no YAML: found unexpected end of stream"),
    ])
  func faults(_ fault: Fault) {
    let error = #expect(throws: StudentError.self) { try TrainingJob(yaml: fault.text) }
    #expect(error?.message == fault.message)
    #expect(error?.code == .invalidJob)
  }

  @Test(
    "A job that makes no sense says what would",
    arguments: [
      ("environment", "Walker-v9", "unknown environment 'Walker-v9'; there are: CartPole-v1"),
      ("teacher", "cartpole", "teacher: model reference 'cartpole' names no registry or server"),
      ("teacher", "127.0.0.1:7070/cart pole", "teacher: model name 'cart pole'"),
      ("teacher", "127.0.0.1:99999/cartpole", "teacher: port 99999"),
      ("model", "a/b", "model 'a/b', expected a name of"),
      ("registry", "''", "registry is empty"),
      ("steps", "100", "steps is 100, expected at least 128, one an environment"),
      ("student", "{hidden: [8, 0]}", "the width of policy layer 1 is 0; expected 1 to"),
      ("settings", "{temperature: 0}", "a temperature of 0.0; it must be above 0"),
      ("settings", "{environments: 7}", "7 environments; an even number is needed"),
      ("evaluation", "{episodes: -1}", "evaluation.episodes is -1, expected 0 or more"),
    ])
  func senseless(key: String, value: String, message: String) throws {
    let kept = Self.least.split(separator: "\n").filter { !$0.hasPrefix(key + ":") }
    let job = try TrainingJob(yaml: (kept + ["\(key): \(value)"]).joined(separator: "\n"))
    let error = #expect(throws: StudentError.self) { try JobRunner(job) }
    #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "")")
    #expect(error?.code == .invalidJob)
  }
}
