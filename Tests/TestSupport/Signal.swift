import Synchronization

/// Raised once by one task, seen by others.
public final class Signal: Sendable {
  private let raised = Atomic<Bool>(false)
  public init() {}
  public var isRaised: Bool { raised.load(ordering: .acquiring) }
  public func raise() { raised.store(true, ordering: .releasing) }
}
