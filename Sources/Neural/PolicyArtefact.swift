#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// A policy as a file: safetensors with Stable-Baselines3's names and PyTorch's shapes, and the architecture as JSON
/// under the metadata key `docent`. The same policy always gives the same bytes.
public enum PolicyArtefact {
  /// The metadata key of the architecture.
  public static let metadataKey = "docent"

  public static func encode(_ policy: Policy) -> [UInt8] {
    var file = SafeTensors(metadata: [
      metadataKey: architectureJSON(policy.architecture), "environment": policy.architecture.environment,
      "activation": policy.architecture.activation.rawValue,
    ])
    for tensor in policy.architecture.layout.tensors {
      file.tensors[tensor.name] = SafeTensors.Tensor(
        shape: tensor.shape, values: Array(policy.parameters[tensor.offset..<tensor.offset + tensor.count]))
    }
    return file.encoded()
  }

  /// - Throws: `NeuralError`: bytes that are no safetensors file, no architecture in it, tensors that do not fit the
  ///   architecture, NaN or infinity.
  public static func decode(_ bytes: [UInt8]) throws -> Policy {
    let file = try SafeTensors(bytes)
    guard let json = file.metadata[metadataKey] else {
      throw NeuralError(
        .informationMissing,
        "the file says nothing of its architecture (no \"\(metadataKey)\" in its metadata); a state dict of "
          + "Stable-Baselines3 is imported instead")
    }
    let architecture: PolicyArchitecture
    do {
      architecture = try JSONDecoder().decode(PolicyArchitecture.self, from: Data(json.utf8))
    } catch let error as NeuralError {
      throw error
    } catch {
      throw NeuralError(.malformed, "the metadata's architecture cannot be read: \(error)")
    }
    return try file.policy(of: architecture)
  }

  /// The architecture as JSON with sorted keys: the same architecture always gives the same string.
  public static func architectureJSON(_ architecture: PolicyArchitecture) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Every float of an architecture is finite (its init refuses others), so encoding cannot fail.
    return String(decoding: try! encoder.encode(architecture), as: UTF8.self)
  }
}

extension SafeTensors {
  /// The policy of an architecture whose tensors, all of them and no others, these are.
  func policy(of architecture: PolicyArchitecture) throws -> Policy {
    let layout = architecture.layout
    let expected = Set(layout.tensors.map(\.name))
    let unknown = tensors.keys.filter { !expected.contains($0) }.sorted()
    let missing = layout.tensors.map(\.name).filter { tensors[$0] == nil }
    guard unknown.isEmpty, missing.isEmpty else {
      var parts: [String] = []
      if !unknown.isEmpty { parts.append("unknown tensors \(unknown.joined(separator: ", "))") }
      if !missing.isEmpty { parts.append("missing tensors \(missing.joined(separator: ", "))") }
      throw NeuralError(
        .architectureMismatch,
        "another architecture: \(parts.joined(separator: "; ")); expected exactly "
          + layout.tensors.map(\.name).joined(separator: ", "))
    }
    var parameters: [Float] = []
    parameters.reserveCapacity(layout.count)
    for tensor in layout.tensors {
      guard let given = tensors[tensor.name], given.shape == tensor.shape else {
        throw NeuralError(
          .architectureMismatch,
          "tensor \(tensor.name) has shape \(tensors[tensor.name]?.shape ?? []); expected \(tensor.shape)")
      }
      parameters += given.values
    }
    return try Policy(architecture: architecture, parameters: parameters)
  }
}
