import Wire

/// Who wants to hear when a model begins or ends to be served.
struct HealthWatches {
  private struct Watch {
    let model: String
    var said: V1.Serving
    let continuation: AsyncStream<V1.Serving>.Continuation
  }

  private var watches: [Int: Watch] = [:]
  private var nextID = 0
  private var hasEnded = false

  /// - Parameters:
  ///   - model: empty for the whole service.
  ///   - now: what holds now, the first that is said.
  /// - Returns: what holds, newest only: who reads slowly misses what has passed.
  mutating func add(_ model: String, _ now: V1.Serving) -> (id: Int, changes: AsyncStream<V1.Serving>) {
    let (changes, continuation) = AsyncStream.makeStream(of: V1.Serving.self, bufferingPolicy: .bufferingNewest(1))
    continuation.yield(now)
    nextID += 1
    if hasEnded {
      continuation.finish()
    } else {
      watches[nextID] = Watch(model: model, said: now, continuation: continuation)
    }
    return (nextID, changes)
  }

  mutating func remove(_ id: Int) {
    watches[id] = nil
  }

  mutating func notify(_ serving: (String) -> V1.Serving) {
    for (id, watch) in watches {
      let now = serving(watch.model)
      guard now != watch.said else { continue }
      watches[id]?.said = now
      watch.continuation.yield(now)
    }
  }

  /// Everybody hears what was last said, and that no more will be.
  mutating func end() {
    hasEnded = true
    for watch in watches.values { watch.continuation.finish() }
    watches = [:]
  }
}
