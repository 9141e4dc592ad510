import Neural
import Wire

/// What a query's extras come to: actions and features of its rows, in memory of their own.
struct ExtrasResult {
  private let asked: QueryExtras
  private var actions: [UInt8] = []
  private var features: [Float] = []

  init(_ asked: QueryExtras) {
    self.asked = asked
  }

  /// - Parameters:
  ///   - observations: rows x observation width.
  ///   - outputs: rows x parameter width, computed.
  mutating func compute(
    _ version: LoadedVersion, rows: Int, observations: UnsafePointer<Float>, outputs: UnsafePointer<Float>,
    workspace: Workspace
  ) {
    if let mode = asked.actions {
      let bytes = rows * version.actions.bytesPerRow
      actions = [UInt8](unsafeUninitializedCapacity: bytes) { memory, count in
        guard let base = memory.baseAddress else { return }
        version.actions.select(mode, outputs: outputs, rows: rows, into: UnsafeMutableRawPointer(base))
        count = bytes
      }
    }
    if let layer = asked.layer {
      features = [Float](unsafeUninitializedCapacity: rows * layer.width) { memory, count in
        guard let base = memory.baseAddress else { return }
        version.policy.features(of: layer, observations: observations, rows: rows, into: base, workspace: workspace)
        count = rows * layer.width
      }
    }
  }

  func withParts(_ body: (InferReplyParts.Extras) -> Void) {
    actions.withUnsafeBytes { actions in
      features.withUnsafeBytes { features in
        var parts = InferReplyParts.Extras()
        parts.actions = actions
        parts.features = features
        parts.leaseMoved = asked.leaseMoved
        body(parts)
      }
    }
  }
}
