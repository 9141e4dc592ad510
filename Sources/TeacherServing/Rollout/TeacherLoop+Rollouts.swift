import NIOCore
import Wire

// What an event loop sees of rollouts.
extension TeacherLoop {
  /// Hands over what was seen of a model's rollout since the last call; nil where none shares its traffic.
  func takeEvidence(model: String) -> LoopEvidence? {
    guard let split = routes.first(where: { $0.name.elementsEqual(model.utf8) })?.split else { return nil }
    runShadow(split, atLeast: 1)
    return split.takeEvidence()
  }

  /// Has sampled rows computed, one batch at a time: here, or behind what clients wait for on the compute thread.
  func runShadow(_ split: RolloutSplit, atLeast rows: Int) {
    guard let shadow = split.shadow, let batch = shadow.takeNext(atLeast: rows) else { return }
    guard !split.shadowRunsOnLoop else {
      batch.compute()
      return split.computed(by: shadow)
    }
    let bound = NIOLoopBound((split, shadow), eventLoop: eventLoop)
    let eventLoop = eventLoop
    compute.run(unseen: batch) {
      eventLoop.execute {
        let (split, shadow) = bound.value
        split.computed(by: shadow)
      }
    }
  }

  /// Whether a rollout's other version computes a query's rows too.
  func sample(
    _ query: InferRequestView, _ choice: Route.Choice, _ place: RolloutSplit.Place?, _ route: Route,
    on connection: ServerConnection<TeacherLoop>
  ) -> BatchEntry.Sample {
    switch choice {
    case .named: BatchEntry.Sample()
    case .leased(let lane):
      route.split?.sample(leased: lane, episode: query.episode, of: connection) ?? BatchEntry.Sample()
    case .shared(let split, _): place.map { split.sample($0.unit, $0.arm) } ?? BatchEntry.Sample()
    }
  }
}
