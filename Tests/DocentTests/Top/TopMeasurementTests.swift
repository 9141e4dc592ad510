import Testing
import Wire

@testable import TeacherServing
@testable import docent

@Suite struct TopMeasurementTests {
  private func measured(_ before: FakeService, _ after: FakeService) throws -> TopMeasurement {
    TopMeasurement(address: "a:1", from: try before.reading, to: try after.reading)
  }

  @Test("Rates are those of the interval, by the service's own clock")
  func rates() throws {
    var before = FakeService.pair
    before.answer(batches: 1000, by: 0)
    var after = before
    after.answer(batches: 50, by: 1, in: 2)
    after.served[1].metrics.calls.count(.cancelled, calls: 6)
    after.loop.unrouted.count(.notFound, calls: 4)
    after.loop.callsRefused.count(.rate, times: 8)
    after.loop.connections.bytesRead += 500
    after.loop.connections.bytesWritten += 900
    let measurement = try measured(before, after)
    #expect(measurement.seconds == 2)
    #expect(measurement.queriesPerSecond == 105 && measurement.rowsPerSecond == 100)
    #expect(measurement.readBytesPerSecond == 250 && measurement.writtenBytesPerSecond == 450)
    #expect(measurement.refusalsPerSecond == ["rate": 4] && measurement.unroutedPerSecond == ["NOT_FOUND": 2])
    #expect(measurement.versions.map(\.version) == [2, 1])
    let asked = measurement.versions[0]
    #expect(asked.queriesPerSecond == 103 && asked.rowsPerSecond == 100 && asked.meanBatch == 4)
    #expect(asked.errorsPerSecond == ["CANCELLED": 3] && asked.aliases == ["canary"])
    let idle = measurement.versions[1]
    #expect(idle.queriesPerSecond == 0 && idle.meanBatch == nil && idle.queueSeconds.p50 == nil)
  }

  @Test("Times are those of the interval, and not of all the time before")
  func times() throws {
    var before = FakeService.pair
    before.served[0].metrics.queueTime.record(nanoseconds: 1_000_000_000, count: 1_000_000)
    before.answer(batches: 1, by: 0)
    var after = before
    after.answer(batches: 50, by: 0, in: 1)
    let version = try #require(try measured(before, after).versions.last)
    let (median, compute) = (try #require(version.queueSeconds.p50), try #require(version.computeSeconds.p99))
    #expect(abs(median / 30e-6 - 1) < 0.25 && abs(compute / 2e-3 - 1) < 0.25)
  }

  @Test("Quantiles are at most 25% off, wherever the times lie")
  func quantiles() throws {
    for tenth in 0...60 {
      // Times around 1.5 us to 3 s, each twice as long as the shortest at most.
      let shortest = 1.5e-6 * power(Double(tenth) / 10)
      var service = FakeService.pair
      for step in 0..<1000 {
        service.served[0].metrics.queueTime.record(nanoseconds: UInt64(shortest * (1 + Double(step) / 1000) * 1e9))
      }
      service.served[0].metrics.batches.record(rows: 1)
      let histogram = try #require(try service.reading.versions[.init(model: "cartpole", number: 1)]?.queue)
      let (p50, p99) = (try #require(histogram.quantile(0.5)), try #require(histogram.quantile(0.99)))
      #expect(abs(p50 / (shortest * 1.5) - 1) < 0.25 && abs(p99 / (shortest * 1.99) - 1) < 0.25)
    }
  }

  @Test("Beyond the last bound, that bound is what is known; of nothing there is no quantile")
  func quantileEnds() throws {
    var histogram = HistogramReading(buckets: [(1, 0), (2, 0), (.infinity, 5)])
    #expect(histogram.quantile(0.5) == 2)
    histogram.buckets = [(1, 4), (2, 4), (.infinity, 4)]
    #expect(histogram.quantile(1) == 1 && histogram.quantile(0.5) == 0.5)
    #expect(HistogramReading().quantile(0.5) == nil && HistogramReading().mean == nil)
  }

  @Test("A service that has begun anew counts from zero")
  func restart() throws {
    var before = FakeService.pair
    before.answer(batches: 1000, by: 0)
    var after = FakeService.pair
    after.uptime = .seconds(4)
    after.answer(batches: 10, by: 0)
    let measurement = try measured(before, after)
    #expect(measurement.seconds == 4 && measurement.queriesPerSecond == 10)
    #expect(measurement.versions.last?.meanBatch == 4)
  }

  @Test("A first reading has a state and no rates")
  func first() throws {
    var service = FakeService.pair
    service.answer(batches: 1000, by: 0)
    let measurement = TopMeasurement(address: "a:1", from: nil, to: try service.reading)
    #expect(measurement.seconds == 0 && measurement.queriesPerSecond == 0 && measurement.uptimeSeconds == 100)
    #expect(measurement.versions.count == 2 && measurement.versions[1].queueSeconds.p50 == nil)
  }

  @Test("A version that was unloaded shows for as long as it was asked")
  func unloaded() throws {
    var before = FakeService.pair
    before.served[0].isLoaded = false
    var after = before
    after.answer(batches: 1, by: 0, in: 1)
    #expect(try measured(before, after).versions.map(\.isLoaded) == [true, false])
    var later = after
    later.uptime += .seconds(1)
    #expect(try measured(after, later).versions.map(\.version) == [2])
  }

  /// Of 10, with straight lines between the whole exponents.
  private func power(_ exponent: Double) -> Double {
    (0..<Int(exponent)).reduce(1.0) { product, _ in product * 10 } * (1 + 9 * (exponent - exponent.rounded(.down)))
  }
}
