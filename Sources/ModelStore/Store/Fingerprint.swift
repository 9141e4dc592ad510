import Crypto
public import Neural
public import Registry

extension Policy {
  /// SHA-256 over everything that decides a policy's answers: spaces, normalizer, architecture and weights.
  ///
  /// Unlike an artefact's SHA-256 it does not depend on how the policy was written to a file. The text `docent policy 1`,
  /// then each field in a fixed order: integers and counts as little-endian 64-bit numbers, floats as little-endian fp32,
  /// texts and arrays after their count.
  public var fingerprint: ContentHash {
    var hash = FieldHasher()
    hash.add("docent policy 1")
    hash.add(architecture.environment)
    hash.add(architecture.observationWidth)
    switch architecture.head {
    case .categorical(let actions):
      hash.add("categorical")
      hash.add(actions)
    case .gaussian(let dimensions, let low, let high):
      hash.add("gaussian")
      hash.add(dimensions)
      hash.add(low)
      hash.add(high)
    case .qValues(let actions):
      hash.add("q values")
      hash.add(actions)
    }
    hash.add(architecture.normalizer == nil ? 0 : 1)
    if let normalizer = architecture.normalizer {
      hash.add(normalizer.mean)
      hash.add(normalizer.variance)
      hash.add([normalizer.epsilon, normalizer.limit])
    }
    hash.add(architecture.activation.rawValue)
    hash.add(architecture.policyHidden)
    hash.add(architecture.valueHidden)
    hash.add(architecture.sharedTrunk ? 1 : 0)
    hash.add(architecture.hasValue ? 1 : 0)
    hash.add(parameters)
    return hash.finish()
  }
}

private struct FieldHasher {
  private var hasher = SHA256()

  mutating func add(_ number: Int) {
    withUnsafeBytes(of: Int64(number).littleEndian) { hasher.update(bufferPointer: $0) }
  }

  mutating func add(_ text: String) {
    let bytes = Array(text.utf8)
    add(bytes.count)
    hasher.update(data: bytes)
  }

  mutating func add(_ numbers: [Int]) {
    add(numbers.count)
    for number in numbers { add(number) }
  }

  mutating func add(_ floats: [Float]) {
    add(floats.count)
    hasher.update(data: LittleEndian.bytes(floats))
  }

  func finish() -> ContentHash {
    ContentHash(bytes: Array(hasher.finalize()))!  // a SHA-256 has 32 bytes
  }
}
