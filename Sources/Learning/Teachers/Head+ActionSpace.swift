import Environments
import Neural

extension Head {
  /// The head of a stochastic policy for an action space.
  init(for space: ActionSpace) {
    switch space {
    case .discrete(let actions): self = .categorical(actions: actions)
    case .box(let low, let high): self = .gaussian(dimensions: low.count, low: low, high: high)
    }
  }

  /// Whether outputs of this head choose actions of the space.
  func fits(_ space: ActionSpace) -> Bool {
    switch (self, space) {
    case (.categorical(let actions), .discrete(let count)), (.qValues(let actions), .discrete(let count)):
      actions == count
    case (.gaussian(let dimensions, _, _), .box(let low, _)): dimensions == low.count
    default: false
    }
  }

  /// The head in words, for messages.
  var summary: String {
    switch self {
    case .categorical(let actions): "logits of \(actions) actions"
    case .qValues(let actions): "values of \(actions) actions"
    case .gaussian(let dimensions, _, _): "a Gaussian of \(dimensions) dimensions"
    }
  }
}

/// Refuses a policy or teacher that does not fit an environment, naming what it takes and what the environment has.
func requireFit(observationWidth: Int, head: Head, to spec: EnvironmentSpec, who: String) throws(LearningError) {
  guard observationWidth == spec.observationWidth else {
    throw LearningError(
      code: .mismatch,
      message: "\(who) takes observations of \(observationWidth) numbers; \(spec.id) has \(spec.observationWidth)")
  }
  guard head.fits(spec.actionSpace) else {
    let space =
      switch spec.actionSpace {
      case .discrete(let count): "\(count) discrete actions"
      case .box(let low, _): "actions of \(low.count) numbers"
      }
    throw LearningError(code: .mismatch, message: "\(who) gives \(head.summary); \(spec.id) takes \(space)")
  }
}
