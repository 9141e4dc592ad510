import Testing

@testable import docent

/// Whether memory grew, as a soak says it.
@Suite struct SoakWatchTests {
  private func watch(minutes: Double, _ bytes: (Int) -> Int) -> SoakWatch {
    var watch = SoakWatch(seconds: minutes * 60)
    for second in 1...Int(minutes * 60) {
      watch.add(SoakWatch.Sample(seconds: Double(second), residentBytes: bytes(second)))
    }
    return watch
  }

  @Test func theEndIsComparedWithMinuteFive() throws {
    let watch = watch(minutes: 20) { second in second < 250 ? second : second < 600 ? 1000 : 1070 }
    #expect(watch.warm == 300)
    #expect(watch.residentBytes(before: 300) == 1000)
    #expect(abs(try #require(watch.growthPercent) - 7) < 1e-9)
    #expect(watch.residentBytesMost == 1070)
  }

  @Test func aShorterSoakIsWarmAfterAQuarter() throws {
    let watch = watch(minutes: 4) { $0 <= 60 ? 200 : 100 }
    #expect(watch.warm == 60)
    #expect(abs(try #require(watch.growthPercent) + 50) < 1e-9)
  }

  @Test func aMomentIsNoGrowth() throws {
    let watch = watch(minutes: 20) { $0 == 1200 ? 9000 : 1000 }
    #expect(try #require(watch.growthPercent) == 0)
    #expect(watch.residentBytesMost == 9000)
  }

  @Test func whereNobodyLookedNothingIsSaid() {
    #expect(SoakWatch(seconds: 60).growthPercent == nil)
  }
}
