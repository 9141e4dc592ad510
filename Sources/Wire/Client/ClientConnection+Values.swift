// What a connection reads from a server, as its callers see it.

extension WireLimits {
  /// What a server says, where it says something: 0 is no limit that a server could have.
  init(said welcome: V1.Welcome) {
    let frameBytes = max(welcome.frameBytesMax, 1024)
    let rows = max(welcome.rowsPerCallMax, 1)
    self.init(
      frameBytesMax: frameBytes, rowsPerCallMax: rows, callsInFlightMax: max(welcome.callsInFlightMax, 1),
      rowsInFlightMax: max(welcome.rowsInFlightMax, rows))
  }

  /// Rows whose request and reply fit into a frame each.
  func rowsPerCall(observationWidth: Int, parameterWidth: Int) -> Int {
    let names = 512
    let rowBytes = max(observationWidth, parameterWidth + 1) * MemoryLayout<Float>.stride
    return max(1, min(rowsPerCallMax, (frameBytesMax - names) / rowBytes))
  }
}

extension V1.InferReply {
  /// A copy, whose numbers are cut to whole floats.
  init(_ view: InferReplyView) {
    func floats(_ bytes: UnsafeRawBufferPointer) -> [Float] {
      (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
    }
    self.init(
      version: view.version, rows: view.rows, outputs: floats(view.outputs), values: floats(view.values),
      actions: Array(view.actions), features: floats(view.features), leaseMoved: view.leaseMoved)
  }
}
