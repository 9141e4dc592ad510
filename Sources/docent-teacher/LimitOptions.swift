import ArgumentParser
import Console
import NIOCore
import TeacherServing
import Wire

/// How much the service takes.
struct LimitOptions: ParsableArguments {
  @Option(help: "Open connections. Each takes a descriptor: raise it with the limit of open files.")
  var connectionsMax = ServerSettings.defaults.connectionsMax

  @Option(help: "Bytes of a frame; what a connection may make the service hold at once.")
  var frameBytesMax = WireLimits.defaults.frameBytesMax

  @Option(help: "Rows of one query.")
  var rowsPerCallMax = WireLimits.defaults.rowsPerCallMax

  @Option(help: "Open calls of one connection.")
  var callsInFlightMax = WireLimits.defaults.callsInFlightMax

  @Option(help: "Rows of all open queries of one connection.")
  var rowsInFlightMax = WireLimits.defaults.rowsInFlightMax

  @Option(help: "Rows that may wait on one event loop; beyond them queries are told when to come back.")
  var queuedRowsMax = ServingSettings.defaults.queuedRowsMax

  @Option(help: "Seconds of silence after which a client is pinged; it has 20 more to answer.")
  var keepaliveSeconds = 60

  @Option(help: "Seconds that open calls may take once the service is asked to end.")
  var drainSeconds = 30

  @Option(help: "What becomes of observations with NaN or infinity: answer or refuse.")
  var nonFinite = NonFinite.answer

  @Option(
    help: "Seconds for which a version that nothing points to any more answers the episodes that began with it.")
  var leaseSecondsMax = ServingSettings.defaults.leaseSecondsMax

  @Option(help: "Versions that stable pointed to before that stay loaded, so that a rollback loads nothing.")
  var previousVersionsLoaded = ServingSettings.defaults.previousVersionsLoaded

  @Option(
    help:
      "Memory for the weights of all loaded versions, such as 2GiB; a version that does not fit is not loaded. (default: no limit)"
  )
  var memoryMax: ByteSize?

  enum NonFinite: String, ExpressibleByArgument, CaseIterable { case answer, refuse }

  func validate() throws {
    let counts = [
      ("--connections-max", connectionsMax), ("--frame-bytes-max", frameBytesMax),
      ("--rows-per-call-max", rowsPerCallMax), ("--calls-in-flight-max", callsInFlightMax),
      ("--rows-in-flight-max", rowsInFlightMax), ("--queued-rows-max", queuedRowsMax),
    ]
    for (name, value) in counts where !(1...Int(UInt32.max)).contains(value) {
      throw ValidationError("\(name) \(value): expected 1 to \(UInt32.max)")
    }
    guard frameBytesMax >= 1024 else {
      throw ValidationError("--frame-bytes-max \(frameBytesMax): expected at least 1024, which a Hello takes")
    }
    for (name, value) in [("--rows-in-flight-max", rowsInFlightMax), ("--queued-rows-max", queuedRowsMax)]
    where value < rowsPerCallMax {
      throw ValidationError("\(name) \(value): expected at least the \(rowsPerCallMax) rows of the largest call")
    }
    guard (0...Int(UInt32.max)).contains(leaseSecondsMax) else {
      throw ValidationError("--lease-seconds-max \(leaseSecondsMax): expected 0 to \(UInt32.max)")
    }
    guard (0...1000).contains(previousVersionsLoaded) else {
      throw ValidationError("--previous-versions-loaded \(previousVersionsLoaded): expected 0 to 1000")
    }
    guard (1...86400).contains(keepaliveSeconds) else {
      throw ValidationError("--keepalive-seconds \(keepaliveSeconds): expected 1 to 86400")
    }
    guard (0...86400).contains(drainSeconds) else {
      throw ValidationError("--drain-seconds \(drainSeconds): expected 0 to 86400")
    }
  }

  var settings: ServingSettings {
    var settings = ServingSettings.defaults
    settings.server.name = "docent-teacher"
    settings.server.limits = WireLimits(
      frameBytesMax: frameBytesMax, rowsPerCallMax: rowsPerCallMax, callsInFlightMax: callsInFlightMax,
      rowsInFlightMax: rowsInFlightMax)
    settings.server.connectionsMax = connectionsMax
    settings.server.keepaliveTime = .seconds(Int64(keepaliveSeconds))
    settings.queuedRowsMax = queuedRowsMax
    settings.leaseSecondsMax = leaseSecondsMax
    settings.previousVersionsLoaded = previousVersionsLoaded
    settings.memoryMax = memoryMax?.bytes
    settings.refusesNonFinite = nonFinite == .refuse
    return settings
  }
}
