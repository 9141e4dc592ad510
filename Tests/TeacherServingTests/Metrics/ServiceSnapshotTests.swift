import Testing
import Wire

@testable import TeacherServing

@Suite struct ServiceSnapshotTests {
  private typealias Fixture = SnapshotFixture

  @Test("A snapshot is the sum over the event loops")
  func sums() {
    let snapshot = Fixture.full()
    #expect(snapshot.eventLoops == 2 && snapshot.queuedRows == 3)
    #expect(snapshot.loops.connections.open == 2 && snapshot.loops.connections.accepted == 4)
    #expect(snapshot.loops.connections.closed[.client] == 2)
    #expect(snapshot.loops.connections.framesRefused[.unparseable] == 2)
    #expect(snapshot.loops.connections.bytesRead == 2000 && snapshot.loops.connections.bytesWritten == 4000)
    #expect(snapshot.loops.callsRefused[.queueFull] == 10 && snapshot.loops.unrouted[.notFound] == 2)
    #expect(snapshot.loops.control.counts == [.init(call: .describe, code: .ok): 2])
    #expect(snapshot.loops.turns == 20)
    let version = snapshot.versions[Fixture.key]
    #expect(version?.calls[.ok] == 8 && version?.calls[.deadlineExceeded] == 1 && version?.calls.total == 9)
    #expect(version?.rows == 8 && version?.batches.count == 2 && version?.queueTime.count == 8)
    #expect(version?.computeTime.count == 2 && version?.replyTime.count == 8)
  }

  @Test("A version that is loaded and was never asked counts zero; one that was unloaded keeps its counts")
  func versions() {
    let snapshot = Fixture.full()
    #expect(snapshot.versions[VersionKey(model: "walker", number: 1)]?.calls.total == 0)
    #expect(snapshot.versions[VersionKey(model: "cartpole", number: 1)]?.calls[.ok] == 2)
  }

  @Test("A version that is loaded again goes on from its counts")
  func loadedAgain() {
    var part = Fixture.loop([(Fixture.key, Fixture.lane(calls: 4))])
    part.metrics.retired.retire(Fixture.key, Fixture.lane(calls: 5))
    var snapshot = Fixture.empty()
    snapshot.merge(part)
    #expect(snapshot.versions[Fixture.key]?.calls[.ok] == 9)
  }

  @Test("Of the unloaded versions the last 64 keep their counts, whatever the order of their numbers")
  func retiredIsBounded() {
    var retired = RetiredVersions()
    func retire(_ number: UInt64) { retired.retire(VersionKey(model: "m", number: number), Fixture.lane(calls: 1)) }
    for number in 1...1000 { retire(UInt64(number)) }
    for number in [3, 940] { retire(UInt64(number)) }
    let kept = Set(retired.counts.keys.map(\.number))
    #expect(kept == Set((938...1000).map { UInt64($0) } + [3]))
    #expect(retired.counts[VersionKey(model: "m", number: 940)]?.calls[.ok] == 2)
    #expect(retired.counts[VersionKey(model: "m", number: 3)]?.calls[.ok] == 1)
  }

  @Test("A code that gRPC has not counts as UNKNOWN")
  func unknownCode() {
    var counts = StatusCounts()
    counts.count(WireStatus.Code(rawValue: 99))
    counts.count(.unauthenticated)
    #expect(counts[.unknown] == 1 && counts[.unauthenticated] == 1 && counts.total == 2)
  }

  @Test("The system's figures of this process are there and plausible")
  func process() throws {
    let figures = ProcessFigures.read()
    let resident = try #require(figures.residentBytes)
    #expect(resident > 1 << 20 && resident < 1 << 40)
    let open = try #require(figures.openDescriptors)
    let most = try #require(figures.descriptorsMax)
    #expect(open >= 3 && open <= most)
    #expect(try #require(figures.processorSeconds) > 0)
    #expect(try #require(figures.startTime) > 1_600_000_000)
  }
}
