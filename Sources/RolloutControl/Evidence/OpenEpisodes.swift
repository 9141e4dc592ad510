/// Episodes that started in a step and are not counted yet, in the order of their starts.
struct OpenEpisodes: Sendable {
  struct Episode: Hashable, Sendable {
    let unit: UInt64
    let arm: Arm
    let startedSeconds: Double
    /// Nil until it is reported.
    var episodeReturn: Double?
  }

  private var episodes: ArraySlice<Episode> = []
  /// The position of an episode, counted from the first that there ever was.
  private var positions: [UInt64: Int] = [:]
  private var removed = 0

  var count: Int { positions.count }
  var first: Episode? { episodes.first }

  subscript(unit: UInt64) -> Episode? {
    positions[unit].map { episodes[episodes.startIndex + $0 - removed] }
  }

  mutating func append(_ episode: Episode) {
    positions[episode.unit] = removed + episodes.count
    episodes.append(episode)
  }

  /// - Parameter unit: of an open episode.
  mutating func setReturn(_ episodeReturn: Double, of unit: UInt64) {
    guard let position = positions[unit] else { return }
    episodes[episodes.startIndex + position - removed].episodeReturn = episodeReturn
  }

  mutating func removeFirst() {
    guard let episode = episodes.popFirst() else { return }
    positions[episode.unit] = nil
    removed += 1
    // A slice keeps what was before it: begin anew once that is the larger part.
    if episodes.startIndex > 64 && episodes.startIndex > episodes.count { episodes = ArraySlice(Array(episodes)) }
  }
}

extension OpenEpisodes: Codable {
  init(from decoder: any Decoder) throws {
    self.init()
    for episode in try [Episode](from: decoder) { append(episode) }
  }

  func encode(to encoder: any Encoder) throws {
    try Array(episodes).encode(to: encoder)
  }
}

/// As a short list, because there can be many.
extension OpenEpisodes.Episode: Codable {
  init(from decoder: any Decoder) throws {
    var list = try decoder.unkeyedContainer()
    unit = try list.decode(UInt64.self)
    arm = try list.decode(Arm.self)
    startedSeconds = try list.decode(Double.self)
    episodeReturn = list.isAtEnd ? nil : try list.decode(Double.self)
  }

  func encode(to encoder: any Encoder) throws {
    var list = encoder.unkeyedContainer()
    try list.encode(unit)
    try list.encode(arm)
    try list.encode(startedSeconds)
    if let episodeReturn { try list.encode(episodeReturn) }
  }
}
