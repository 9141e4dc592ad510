import CLoad

/// What a connection costs that says nothing: resident memory of the service with ten thousand of them, the clients in a
/// process of their own.
struct IdleMeasure: WireMeasure {
  private static let connections = 10_000
  /// Descriptors that a process has beside its connections.
  private static let otherDescriptors = 200
  private static let kibibytesMax = 16.0

  let names = ["after Hello", "after a query"].map {
    "memory of each of 10,000 idle connections, \($0)"
  }

  func rows(_ effort: WireEffort) async throws -> [BenchRow] {
    // Client and server inherit it.
    let descriptors = Int(min(cload_raise_descriptor_limit(), 1 << 20))
    let connections = min(Self.connections, descriptors - Self.otherDescriptors)
    guard connections > 0 else {
      throw BenchFailure("\(descriptors) descriptors are allowed, expected some thousand")
    }
    return try await BenchModel.served(.small, arguments: ["--connections-max", "\(connections + 100)"]) {
      model, teacher in
      // What the service takes once, however many connect, is no connection's.
      let frames = model.frames
      let warmUp = LoadGenerator(frames: frames.load, seconds: 0.3, replyBytesMin: frames.replyBytes)
      _ = try await warmUp.run(port: teacher.port, connections: 64, depth: 16)
      let before = try teacher.residentBytes()
      let (greeted, used) = try await IdleClients.run(connections, port: teacher.port) { clients in
        let greeted = try teacher.residentBytes()
        try await clients.ask()
        return (greeted, try teacher.residentBytes())
      }
      return zip(names, [greeted, used]).map { name, now in
        BenchRow(
          bench: "wire", name: name, value: Double(now - before) / Double(connections) / 1024, unit: "KiB",
          target: .atMost(Self.kibibytesMax),
          details: [
            "connections": Double(connections), "resident before MiB": Double(before) / 1_048_576,
            "resident then MiB": Double(now) / 1_048_576,
          ])
      }
    }
  }
}
