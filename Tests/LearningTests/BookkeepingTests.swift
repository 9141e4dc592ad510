import Environments
import Testing

@testable import Learning

@Suite("Bookkeeping of rollouts") struct BookkeepingTests {
  @Test("a shuffle is a permutation, another one each time")
  func shuffle() {
    var generator = PCG64(seed: 5)
    var shuffle = Shuffle(count: 100)
    shuffle.shuffle(&generator)
    let first = shuffle.withIndices { Array($0) }
    shuffle.shuffle(&generator)
    let second = shuffle.withIndices { Array($0) }
    #expect(first.sorted() == Array(0..<100) && second.sorted() == Array(0..<100))
    #expect(first != second && first != Array(0..<100))
  }

  @Test("a minibatch holds the rows that its indices name")
  func minibatch() {
    let rollout = RolloutBuffer(steps: 2, environments: 2, observationWidth: 2)
    for row in 0..<4 {
      rollout.observations.pointer[row * 2] = Float(row)
      rollout.observations.pointer[row * 2 + 1] = Float(row) + 0.5
      rollout.actions.pointer[row] = Int32(row + 10)
      rollout.logProbabilities.pointer[row] = Float(row + 20)
      rollout.values.pointer[row] = Float(row + 30)
      rollout.advantages.pointer[row] = Float(row + 40)
      rollout.returns.pointer[row] = Float(row + 50)
    }
    let minibatch = Minibatch(rows: 2, observationWidth: 2)
    [3, 1].withUnsafeBufferPointer { minibatch.gather(rollout, rows: $0) }
    #expect((0..<4).map { minibatch.observations.pointer[$0] } == [3, 3.5, 1, 1.5])
    #expect((0..<2).map { minibatch.actions.pointer[$0] } == [13, 11])
    #expect((0..<2).map { minibatch.logProbabilities.pointer[$0] } == [23, 21])
    #expect((0..<2).map { minibatch.values.pointer[$0] } == [33, 31])
    #expect((0..<2).map { minibatch.advantages.pointer[$0] } == [43, 41])
    #expect((0..<2).map { minibatch.returns.pointer[$0] } == [53, 51])
  }

  @Test("returns of the last episodes, each environment by itself")
  func episodes() {
    var tracker = EpisodeTracker(environments: 2)
    let storage = StepStorage(count: 2, observationWidth: 1)
    #expect(tracker.meanReturn == nil)
    func step(_ rewards: [Double], terminated: [UInt8], truncated: [UInt8] = [0, 0]) {
      for index in 0..<2 {
        storage.buffers.rewards[index] = rewards[index]
        storage.buffers.terminated[index] = terminated[index]
        storage.buffers.truncated[index] = truncated[index]
      }
      tracker.add(0..<2, storage.buffers)
    }
    step([1, 10], terminated: [0, 0])
    step([2, 20], terminated: [1, 0])
    #expect(tracker.meanReturn == 3)
    step([4, 30], terminated: [0, 0], truncated: [0, 1])
    #expect(tracker.meanReturn == 31.5 && tracker.episodes == 2)
    #expect(tracker.meanReturn(last: 1) == 60)
    #expect(tracker.meanReturn(last: 3) == nil)
    for _ in 0..<100 { step([5, 0], terminated: [1, 0]) }
    #expect(tracker.meanReturn == 5.04)  // the first of the hundred began with the 4 from above
  }

  @Test("a linear schedule falls to zero, a constant one stays")
  func schedules() {
    #expect(Schedule.linear.factor(done: 0.25) == 0.75)
    #expect(Schedule.linear.factor(done: 1.5) == 0)
    #expect(Schedule.constant.factor(done: 0.25) == 1)
  }

  @Test("only answered rows are drawn, and the newest stay")
  func taughtRows() {
    let taught = TaughtRows(capacity: 6, block: 2, observationWidth: 1, outputWidth: 1)
    func visit(_ value: Float) {
      let first = taught.reserve()
      for row in first..<first + 2 {
        taught.observations.pointer[row] = value
        taught.outputs.pointer[row] = value + 100
        taught.values.pointer[row] = value + 200
      }
    }
    func drawn() -> Set<Float> {
      var generator = PCG64(seed: 0)
      let (indices, observations) = (Memory<Int32>(64), Memory<Float>(64))
      let (outputs, values) = (Memory<Float>(64), Memory<Float>(64))
      taught.draw(64, &generator, indices: indices, observations: observations, outputs: outputs, values: values)
      for row in 0..<64 {
        #expect(outputs.pointer[row] == observations.pointer[row] + 100)
        #expect(values.pointer[row] == observations.pointer[row] + 200)
      }
      return Set((0..<64).map { observations.pointer[$0] })
    }
    visit(1)
    visit(2)
    taught.answer()
    #expect(drawn() == [1])
    taught.answer()
    visit(3)
    #expect(drawn() == [1, 2])
    taught.answer()
    #expect(drawn() == [1, 2, 3])
    visit(4)
    #expect(drawn() == [2, 3])
    visit(5)
    taught.answer()
    #expect(drawn() == [3, 4])
  }
}
