import NIOCore
import Neural
import RolloutControl

/// Sampled rows with the answers that clients got, which the rollout's other version computes unseen.
///
/// `@unchecked Sendable`: its event loop fills it; from the moment that it is handed to a compute thread until that is done,
/// the thread alone uses it.
final class ShadowBatch: @unchecked Sendable {
  /// Which of the forward passes is timed first.
  enum Timing: Sendable { case candidateFirst, stableFirst }

  /// Enough to tell, and few enough not to hold others up.
  private static let timedRowsMax = 32

  let versions: RolloutVersions
  let rowsMax: Int
  private(set) var rows = 0
  private var units: [(unit: UInt64, rows: Int)] = []
  /// Where its forward passes are to be timed beside the other version's.
  var timing: Timing?

  /// What was computed: a unit may be here more than once.
  private(set) var divergences: [UnitDivergence] = []
  private(set) var latency: LatencyPair?

  private let workspace = Workspace()
  private let divergence: Divergence
  private let width: Int
  private let parameterWidth: Int
  private let observations: UnsafeMutablePointer<Float>
  private let answers: (outputs: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>)
  private let computed: (outputs: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>)

  /// - Parameter rowsMax: memory for so many is taken at once.
  init(_ versions: RolloutVersions, rowsMax: Int) {
    self.versions = versions
    self.rowsMax = rowsMax
    divergence = versions.divergence
    width = versions.stable.observationWidth
    parameterWidth = versions.stable.parameterWidth
    observations = .allocate(capacity: rowsMax * width)
    answers = (.allocate(capacity: rowsMax * parameterWidth), .allocate(capacity: rowsMax))
    computed = (.allocate(capacity: rowsMax * parameterWidth), .allocate(capacity: rowsMax))
  }

  deinit {
    observations.deallocate()
    for answers in [answers, computed] {
      answers.outputs.deallocate()
      answers.values.deallocate()
    }
  }

  /// Bytes that one row takes.
  static func rowBytes(_ version: LoadedVersion) -> Int {
    MemoryLayout<Float>.stride * (version.observationWidth + 2 * version.parameterWidth + 2)
  }

  /// Copies rows of a batch that is computed: as many as there is place for.
  ///
  /// - Returns: how many.
  func append(_ unit: UInt64, from batch: Batch, firstRow: Int, rows count: Int) -> Int {
    let taken = min(count, rowsMax - rows)
    guard taken > 0 else { return 0 }
    (observations + rows * width).update(from: batch.observations + firstRow * width, count: taken * width)
    (answers.outputs + rows * parameterWidth).update(
      from: batch.outputs + firstRow * parameterWidth, count: taken * parameterWidth)
    (answers.values + rows).update(from: batch.values + firstRow, count: taken)
    rows += taken
    units.append((unit, taken))
    return taken
  }

  /// Has the version that did not answer compute the rows, and compares.
  func compute() {
    guard rows > 0 else { return }
    run(versions.unseen, rows: rows)
    let (stable, candidate) = versions.sampled == .stable ? (answers, computed) : (computed, answers)
    var row = 0
    for (unit, count) in units {
      let sums = divergence.sums(
        reference: stable.outputs + row * parameterWidth, stable.values + row,
        other: candidate.outputs + row * parameterWidth, candidate.values + row, rows: count)
      row += count
      guard sums.rows > 0 else { continue }
      divergences.append(
        UnitDivergence(
          unit: unit, rows: sums.rows, kl: sums.kl, agreement: sums.agreement, value: sums.value, errors: sums.errors))
    }
    if let timing { time(timing) }
  }

  /// Both have computed once by now, so that neither meets colder caches.
  private func time(_ order: Timing) {
    run(versions.answering, rows: timedRows)
    switch order {
    case .candidateFirst:
      let candidate = timed(versions.candidate)
      latency = LatencyPair(candidate: candidate, stable: timed(versions.stable))
    case .stableFirst:
      let stable = timed(versions.stable)
      latency = LatencyPair(candidate: timed(versions.candidate), stable: stable)
    }
  }

  private func timed(_ version: LoadedVersion) -> Double {
    let began = NIODeadline.now()
    run(version, rows: timedRows)
    return Double((NIODeadline.now() - began).nanoseconds)
  }

  private var timedRows: Int { min(rows, Self.timedRowsMax) }

  private func run(_ version: LoadedVersion, rows: Int) {
    version.policy.forward(
      observations, rows: rows, outputs: computed.outputs, values: computed.values, workspace: workspace)
  }

  /// Forgets rows and results.
  func removeAll() {
    rows = 0
    units.removeAll(keepingCapacity: true)
    divergences.removeAll(keepingCapacity: true)
    latency = nil
    timing = nil
  }
}

/// The two versions of a rollout, and whose rows are sampled.
struct RolloutVersions: Sendable {
  let stable: LoadedVersion
  let candidate: LoadedVersion
  let sampled: Arm
  let divergence: Divergence

  /// nil where their answers cannot be compared: another observation, or another head.
  init?(stable: LoadedVersion, candidate: LoadedVersion, sampled: Arm) {
    let (ours, theirs) = (stable.policy.policy.architecture, candidate.policy.policy.architecture)
    guard ours.observationWidth == theirs.observationWidth, ours.head == theirs.head else { return nil }
    self.stable = stable
    self.candidate = candidate
    self.sampled = sampled
    divergence = Divergence(ours.head, hasValues: ours.hasValue && theirs.hasValue)
  }

  var answering: LoadedVersion { sampled == .stable ? stable : candidate }
  var unseen: LoadedVersion { sampled == .stable ? candidate : stable }
}
