import NIOCore
import Testing

@testable import Wire

@Suite("When a lost connection is made again")
struct ReconnectStateTests {
  private static let away = WireStatus(.unavailable, "away")

  private func at(_ milliseconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .milliseconds(milliseconds) }

  private func connected() -> ReconnectState {
    var state = ReconnectState(Backoff(initial: .seconds(1)))
    #expect(state.begin(at(0)) == true)
    #expect(state.connected(at(0)) == true)
    return state
  }

  @Test("Each failure makes the next attempt later, from the beginning of the last one")
  func failures() {
    var state = ReconnectState(Backoff(initial: .seconds(1)))
    #expect(state.begin(at(0)) == true)
    #expect(state.begin(at(0)) == false)
    #expect(state.failed(Self.away, at(300), random: 0.5) == .milliseconds(700))
    #expect(state.failure == Self.away)
    #expect(state.begin(at(1000)) == true)
    #expect(state.failed(Self.away, at(1000), random: 0.5) == .milliseconds(1600))
    #expect(state.begin(at(2600)) == true)
    #expect(state.failed(Self.away, at(12_600), random: 0.5) == .zero)
  }

  @Test("A connection that lived is made again at once, and its failures are forgotten")
  func loss() {
    var state = connected()
    #expect(state.failure == nil)
    #expect(state.lost(at(1000), random: 0.5) == .zero)
    #expect(state.failure == nil)
    #expect(state.begin(at(1000)) == true)
    #expect(state.failed(Self.away, at(1000), random: 0.5) == .seconds(1))
    #expect(state.begin(at(2000)) == true)
    #expect(state.connected(at(2000)) == true)
    #expect(state.failure == nil)
    #expect(state.lost(at(9000), random: 0.5) == .zero)
  }

  @Test("Connections that are lost again and again as soon as they are made are waited for")
  func shortLives() {
    var state = connected()
    #expect(state.lost(at(10), random: 0.5) == .zero)
    #expect(state.begin(at(10)) == true)
    #expect(state.connected(at(20)) == true)
    #expect(state.lost(at(30), random: 0.5) == .milliseconds(990))
    #expect(state.begin(at(1020)) == true)
    #expect(state.connected(at(1020)) == true)
    #expect(state.lost(at(1020), random: 0.5) == .milliseconds(1600))
    #expect(state.begin(at(2620)) == true)
    #expect(state.connected(at(2620)) == true)
    #expect(state.lost(at(3620), random: 0.5) == .zero)
  }

  @Test("What is closed stays so")
  func closed() {
    var state = connected()
    state.close()
    #expect(state.lost(at(1), random: 0.5) == nil)
    #expect(state.begin(at(1)) == false)
    #expect(state.connected(at(1)) == false)
    #expect(state.failed(Self.away, at(1), random: 0.5) == nil)
  }
}
