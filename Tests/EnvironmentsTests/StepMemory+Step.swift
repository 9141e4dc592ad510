import Environments

extension StepMemory {
  func reset(_ environments: any VectorEnvironment, seed: UInt64) {
    observations.withUnsafeMutableBufferPointer { environments.reset(seed: seed, observations: $0.baseAddress!) }
  }

  func step(_ environments: any VectorEnvironment, range: Range<Int>? = nil, actions: [Int32]) {
    observations.withUnsafeMutableBufferPointer { observations in
      rewards.withUnsafeMutableBufferPointer { rewards in
        terminated.withUnsafeMutableBufferPointer { terminated in
          truncated.withUnsafeMutableBufferPointer { truncated in
            finals.withUnsafeMutableBufferPointer { finals in
              let buffers = StepBuffers(
                observations: observations.baseAddress!, rewards: rewards.baseAddress!,
                terminated: terminated.baseAddress!, truncated: truncated.baseAddress!,
                finalObservations: finals.baseAddress!)
              actions.withUnsafeBufferPointer { actions in
                environments.step(
                  range ?? 0..<environments.count, actions: .discrete(actions.baseAddress!), into: buffers)
              }
            }
          }
        }
      }
    }
  }
}
