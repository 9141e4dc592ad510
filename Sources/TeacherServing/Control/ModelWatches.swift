import Wire

/// Who wants to hear what changes about models: their versions, aliases and rollouts.
struct ModelWatches {
  /// What was told of a model last, or would have been.
  private struct Told {
    var versions: [V1.Version] = []
    var aliases: [V1.AliasTarget] = []
    var rollout: V1.RolloutReply?
  }

  private struct Watch {
    /// Empty: all.
    let model: String
    let continuation: AsyncThrowingStream<V1.WatchEvent, any Error>.Continuation
  }

  /// Events that wait for a slow reader; one that is further behind is told so.
  private static let eventsMax = 4096

  private var watches: [Int: Watch] = [:]
  private var nextID = 0
  private var hasEnded = false
  private var told: [String: Told] = [:]

  /// - Parameters:
  ///   - model: empty: all.
  ///   - now: what holds, which is said first.
  mutating func add(
    _ model: String, _ now: [V1.WatchEvent]
  ) -> (id: Int, events: AsyncThrowingStream<V1.WatchEvent, any Error>) {
    let (events, continuation) = AsyncThrowingStream.makeStream(
      of: V1.WatchEvent.self, bufferingPolicy: .bufferingOldest(Self.eventsMax + now.count))
    for event in now { continuation.yield(event) }
    nextID += 1
    if hasEnded {
      continuation.finish()
    } else {
      watches[nextID] = Watch(model: model, continuation: continuation)
    }
    return (nextID, events)
  }

  mutating func remove(_ id: Int) {
    watches[id] = nil
  }

  /// Every alias and the active rollout of a model, as events.
  static func standing(_ model: V1.Model, rollout: V1.RolloutReply?) -> [V1.WatchEvent] {
    model.aliases.map { .init(model: model.name, .alias(V1.AliasChange(alias: $0.alias, to: $0.version))) }
      + (rollout.map { [.init(model: model.name, .rollout($0))] } ?? [])
  }

  /// Whether somebody is to be told of a moved alias of the model.
  func hasMoved(_ model: V1.Model) -> Bool {
    model.aliases != told[model.name]?.aliases ?? []
      && watches.values.contains { $0.model.isEmpty || $0.model == model.name }
  }

  /// Says what differs from what was told of a model last.
  ///
  /// - Parameters:
  ///   - rollout: its newest.
  ///   - moves: the history of its aliases, oldest first: who moved them and why.
  mutating func notify(_ model: V1.Model, rollout: V1.RolloutReply?, moves: [V1.AliasChange]) {
    let before = told[model.name] ?? Told()
    told[model.name] = Told(versions: model.versions, aliases: model.aliases, rollout: rollout)
    if before.versions != model.versions {
      for version in model.versions where !before.versions.contains(version) { say(.version(version), of: model.name) }
    }
    for change in Self.changes(from: before.aliases, to: model.aliases, moves) { say(.alias(change), of: model.name) }
    if let rollout, rollout != before.rollout { say(.rollout(rollout), of: model.name) }
  }

  private static func changes(
    from before: [V1.AliasTarget], to now: [V1.AliasTarget], _ moves: [V1.AliasChange]
  ) -> [V1.AliasChange] {
    guard before != now else { return [] }
    return Set((before + now).map(\.alias)).sorted().compactMap { alias in
      let from = before.first { $0.alias == alias }?.version ?? 0
      let to = now.first { $0.alias == alias }?.version ?? 0
      guard from != to else { return nil }
      return moves.last { $0.alias == alias && $0.to == to } ?? V1.AliasChange(alias: alias, from: from, to: to)
    }
  }

  private mutating func say(_ event: V1.WatchEvent.Event, of model: String) {
    for (id, watch) in watches where watch.model.isEmpty || watch.model == model {
      guard case .dropped = watch.continuation.yield(V1.WatchEvent(model: model, event)) else { continue }
      watch.continuation.finish(
        throwing: WireStatus(
          .resourceExhausted, "the watch is \(Self.eventsMax) events behind, expected a reader that keeps up"))
      watches[id] = nil
    }
  }

  /// Everybody hears what was said, and that no more will be.
  mutating func end() {
    hasEnded = true
    for watch in watches.values { watch.continuation.finish() }
    watches = [:]
  }
}
