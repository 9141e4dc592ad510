import CKernels
import Foundation

@testable import Neural

/// Numbers for tests: the same on every machine.
struct Numbers {
  private var generator: SplitMix64

  init(seed: UInt64) { generator = SplitMix64(state: seed) }

  /// Uniform in -scale...scale.
  mutating func floats(_ count: Int, scale: Float = 1) -> [Float] {
    (0..<count).map { _ in (2 * generator.nextUniform() - 1) * scale }
  }

  mutating func integer(below bound: Int) -> Int { Int(generator.next() % UInt64(bound)) }
}

extension Array where Element == Float {
  var bits: [UInt32] { map(\.bitPattern) }
}

/// Whether floats are the same to the bit. `#expect(a.bits == b.bits)` looks for the shortest list of differences where
/// they are not, which takes minutes for tens of thousands of numbers.
func sameBits(_ a: some Sequence<Float>, _ b: some Sequence<Float>) -> Bool {
  a.map(\.bitPattern) == b.map(\.bitPattern)
}

/// FNV-1a over the bits of floats.
struct Hash {
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func add(_ floats: some Sequence<Float>) {
    for float in floats {
      for shift in stride(from: UInt32(0), to: 32, by: 8) {
        value = (value ^ UInt64((float.bitPattern >> shift) & 0xff)) &* 0x100_0000_01b3
      }
    }
  }
}

enum Fixture {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")

  static func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: folder.appending(path: name))) }
}

extension InferencePolicy {
  /// Outputs and values of rows, as arrays.
  func run(_ observations: [Float], rows: Int) -> (outputs: [Float], values: [Float]) {
    var outputs = [Float](repeating: .nan, count: rows * policy.architecture.head.parameterWidth)
    var values = [Float](repeating: .nan, count: rows)
    forward(observations, rows: rows, outputs: &outputs, values: &values, workspace: Workspace())
    return (outputs, values)
  }
}

/// Every shape of network that there is, in small.
enum Networks {
  static func all(environment: String = "test") throws -> [PolicyArchitecture] {
    var result: [PolicyArchitecture] = []
    let heads: [Head] = [
      .categorical(actions: 3), .gaussian(dimensions: 2, low: [-1, -2], high: [1, 2]), .qValues(actions: 5),
    ]
    for head in heads {
      for activation in Activation.allCases {
        var isQ = false
        if case .qValues = head { isQ = true }
        let trunks: [(shared: Bool, value: Bool)] =
          isQ ? [(false, false)] : [(false, true), (true, true), (false, false)]
        for (shared, value) in trunks {
          for hidden in [[], [9], [10, 34]] {
            result.append(
              try PolicyArchitecture(
                environment: environment, observationWidth: 5, head: head, policyHidden: hidden,
                valueHidden: shared || !value ? nil : hidden.reversed(), sharedTrunk: shared, hasValue: value,
                activation: activation,
                normalizer: hidden.count == 1
                  ? Normalizer(mean: [0, 0.1, -0.2, 1, 2], variance: [1, 4, 0.25, 2, 9], epsilon: 1e-4, limit: 1.5)
                  : nil))
          }
        }
      }
    }
    return result
  }
}
