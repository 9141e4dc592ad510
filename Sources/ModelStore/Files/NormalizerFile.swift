import Foundation
public import Neural

/// Reads the statistics of a VecNormalize from JSON:
/// `{"mean": [...], "variance": [...], "epsilon": 1e-8, "limit": 10}`.
///
/// `clip_obs`, Stable-Baselines3's name, may stand for `limit`. `epsilon` and the limit may be left out and are
/// Stable-Baselines3's defaults then. Any other key is refused: a misspelt one would otherwise silently be a default.
public enum NormalizerFile {
  /// - Throws: `ModelStoreError` `file`, saying which key is wrong.
  public static func read(_ json: [UInt8]) throws(ModelStoreError) -> Normalizer {
    let expected = #"expected {"mean": [...], "variance": [...], "epsilon": 1e-8, "limit": 10}"#
    guard let object = try? JSONSerialization.jsonObject(with: Data(json)) as? [String: Any] else {
      throw ModelStoreError(.file, "the normalizer is no JSON object; \(expected)")
    }
    let known: Set = ["mean", "variance", "epsilon", "limit", "clip_obs"]
    if let unknown = object.keys.filter({ !known.contains($0) }).min() {
      throw ModelStoreError(.file, "the normalizer has the unknown key '\(unknown)'; \(expected)")
    }
    guard object["limit"] == nil || object["clip_obs"] == nil else {
      throw ModelStoreError(.file, "the normalizer has both 'limit' and 'clip_obs'; expected one of them")
    }
    let limitKey = object["limit"] == nil ? "clip_obs" : "limit"
    return Normalizer(
      mean: try floats(object, "mean"), variance: try floats(object, "variance"),
      epsilon: try float(object["epsilon"], "epsilon") ?? 1e-8, limit: try float(object[limitKey], limitKey) ?? 10)
  }

  private static func floats(_ object: [String: Any], _ key: String) throws(ModelStoreError) -> [Float] {
    guard let values = object[key] as? [Any], !values.isEmpty else {
      throw ModelStoreError(
        .file, "the normalizer's '\(key)' is missing or no list; expected a number an observation column")
    }
    var floats: [Float] = []
    for value in values { floats.append(try float(value, key) ?? .nan) }
    return floats
  }

  private static func float(_ value: Any?, _ key: String) throws(ModelStoreError) -> Float? {
    guard let value else { return nil }
    guard let number = value as? Double, Float(number).isFinite else {
      throw ModelStoreError(.file, "the normalizer's '\(key)' has \(value); expected finite numbers")
    }
    return Float(number)
  }
}
