import ModelStore
import Registry
import Testing

@Suite struct ModelReferenceTests {
  struct Row: Sendable, CustomTestStringConvertible {
    var text: String
    var place: ModelReference.Place
    var model: String
    var selector: VersionSelector
    /// As it prints, where that is not `text`.
    var printed: String?
    var testDescription: String { text }
  }

  @Test(arguments: [
    Row(
      text: "teacher.sqlite/cartpole", place: .registry(path: "teacher.sqlite"), model: "cartpole", selector: .stable,
      printed: "teacher.sqlite/cartpole@stable"),
    Row(
      text: "a/b.sqlite/cartpole@canary", place: .registry(path: "a/b.sqlite"), model: "cartpole",
      selector: .alias("canary")),
    Row(text: "/abs/r.sqlite/m#12", place: .registry(path: "/abs/r.sqlite"), model: "m", selector: .version(12)),
    Row(text: "odd@#:name/m#1", place: .registry(path: "odd@#:name"), model: "m", selector: .version(1)),
    Row(text: "./host:80/m#1", place: .registry(path: "./host:80"), model: "m", selector: .version(1)),
    Row(text: "r:/m#1", place: .registry(path: "r:"), model: "m", selector: .version(1)),
    Row(
      text: "127.0.0.1:7070/CartPole-v1", place: .server(host: "127.0.0.1", port: 7070), model: "CartPole-v1",
      selector: .stable, printed: "127.0.0.1:7070/CartPole-v1@stable"),
    Row(
      text: "teacher.example.org:1/m@v1.2", place: .server(host: "teacher.example.org", port: 1), model: "m",
      selector: .alias("v1.2")),
    Row(text: "[::1]:65535/m#3", place: .server(host: "::1", port: 65535), model: "m", selector: .version(3)),
    Row(
      text: "unix:/run/docent/t.sock/m@canary", place: .socket(path: "/run/docent/t.sock"), model: "m",
      selector: .alias("canary")),
    Row(text: "unix:t.sock/m#1", place: .socket(path: "t.sock"), model: "m", selector: .version(1)),
    Row(text: "./unix:t.sock/m#1", place: .registry(path: "./unix:t.sock"), model: "m", selector: .version(1)),
  ])
  func references(row: Row) throws {
    let reference = try ModelReference(row.text)
    #expect(reference.place == row.place)
    #expect(reference.model == row.model)
    #expect(reference.selector == row.selector)
    #expect(reference.description == row.printed ?? row.text)
    #expect(try ModelReference(reference.description) == reference)
  }

  @Test(arguments: [
    ("cartpole", "names no registry or server"), ("", "names no registry or server"),
    ("/cartpole", "names no registry or server"), ("r.sqlite/", "model name ''"),
    ("r.sqlite/@stable", "model name ''"), ("r.sqlite/my model", "model name 'my model'"),
    ("r.sqlite/m@", "alias ''"), ("r.sqlite/m@a b", "alias 'a b'"), ("r.sqlite/m@a#1", "alias 'a#1'"),
    ("r.sqlite/m#", "version ''"), ("r.sqlite/m#0", "version '0'"), ("r.sqlite/m#-1", "version '-1'"),
    ("r.sqlite/m#+1", "version '+1'"), ("r.sqlite/m#1.5", "version '1.5'"), ("r.sqlite/m#1@a", "version '1@a'"),
    ("r.sqlite/m#9223372036854775808", "version '9223372036854775808'"),
    ("host:0/m", "port 0"), ("host:65536/m", "port 65536"), ("host:99999999999999999999/m", "port 9999"),
    (":7070/m", "no host before the port"), ("[]:7070/m", "no host before the port"), ("::1:7070/m", "in brackets"),
    ("unix:/m", "no socket's path"),
  ])
  func referencesThatAreRefused(text: String, expected: String) {
    let refusal = message { _ = try ModelReference(text) }
    #expect(refusal?.contains(expected) == true, "\(refusal ?? "accepted")")
    #expect(refusal?.contains("expected") == true)
  }

  @Test func selectionsNeedNoPlace() throws {
    #expect(try ModelSelection("m") == ModelSelection(model: "m", selector: .stable))
    #expect(try ModelSelection("m@canary") == ModelSelection(model: "m", selector: .alias("canary")))
    #expect(try ModelSelection("m#7") == ModelSelection(model: "m", selector: .version(7)))
    #expect(message { _ = try ModelSelection("r.sqlite/m") } != nil)
  }

  @Test func aServerIsNotOpenedAsAFile() throws {
    let refusal = message { _ = try StoredModel.load(ModelReference("127.0.0.1:7070/m")) }
    #expect(refusal?.contains("expected a model in a registry's file") == true)
  }
}
