/// The right to do something alone in a registry, for a while.
///
/// An owner that was stopped for longer than its time may not know that it has a successor. What it writes therefore
/// carries its fence, and is refused once a successor has a greater one: a lease (Gray and Cheriton 1989) with a
/// sequencer (Burrows 2006, section 2.4).
public struct Ownership: Hashable, Sendable {
  /// The name under which rollouts are controlled.
  public static let rollouts = "rollouts"

  public let name: String
  public let owner: String
  /// Grows with every new owner.
  public let fence: Int64
  public let expiresMicroseconds: Int64
}
