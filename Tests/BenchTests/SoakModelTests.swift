import Neural
import Testing
import Wire

@testable import docent

/// What tells a soak's right answers from its wrong ones.
@Suite struct SoakModelTests {
  private let model = SoakModel(.small, name: "small")
  private let policy: InferencePolicy

  init() throws {
    policy = InferencePolicy(try BenchNetwork.small.policy())
    model.add(1, policy)
    model.add(2, InferencePolicy(try BenchNetwork.small.policy(seed: 2)))
  }

  /// What a service with this policy answers.
  private func answer(to query: SoakQuery, version: UInt64) -> V1.InferReply {
    let rows = query.request.rows
    let observations = query.request.observations.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    var outputs = [Float](repeating: 0, count: rows * 2)
    var values = [Float](repeating: 0, count: rows)
    policy.forward(observations, rows: rows, outputs: &outputs, values: &values, workspace: Workspace())
    return V1.InferReply(version: version, rows: rows, outputs: outputs, values: values)
  }

  @Test(arguments: [1, 5, 64, SoakModel.rowsMax]) func thePolicysOwnAnswerIsRight(rows: Int) {
    let query = model.query(rows: rows)
    #expect(query.isRight(answer(to: query, version: 1)))
  }

  @Test func oneBitMakesItWrong() {
    let query = model.query(rows: 3)
    let right = answer(to: query, version: 1)
    for index in right.outputs.indices {
      for bit in [1, 1 << 31] as [UInt32] {
        var wrong = right
        wrong.outputs[index] = Float(bitPattern: right.outputs[index].bitPattern ^ bit)
        #expect(!query.isRight(wrong))
      }
    }
    var wrong = right
    wrong.values[2] = Float(bitPattern: right.values[2].bitPattern ^ 1)
    #expect(!query.isRight(wrong))
  }

  @Test func anotherVersionsAnswerIsWrong() {
    let query = model.query(rows: 3)
    #expect(!query.isRight(answer(to: query, version: 2)))
    #expect(!query.isRight(answer(to: query, version: 3)))
    // Right by itself, but not what was asked.
    let pinned = model.query(rows: 3, version: 2)
    #expect(!pinned.isRight(answer(to: pinned, version: 1)))
  }

  @Test func missingRowsAreWrong() {
    let query = model.query(rows: 3)
    var short = answer(to: query, version: 1)
    short.outputs.removeLast(2)
    #expect(!query.isRight(short))
    var fewer = answer(to: query, version: 1)
    fewer.rows = 2
    #expect(!query.isRight(fewer))
  }
}
