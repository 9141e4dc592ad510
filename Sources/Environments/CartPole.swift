#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// CartPole-v1 as Gymnasium 1.4 has it: a pole on a cart that is pushed left or right (Barto, Sutton and Anderson 1983).
///
/// Every operation is in Gymnasium's order in float64, with the C library's `sin` and `cos` as NumPy calls them:
/// the pole is unstable, so one last bit decides a whole episode.
struct CartPole: Dynamics {
  static let spec = EnvironmentSpec(
    id: "CartPole-v1",
    observationLow: [-2 * Float(positionLimit), -.infinity, -2 * Float(angleLimit), -.infinity],
    observationHigh: [2 * Float(positionLimit), .infinity, 2 * Float(angleLimit), .infinity],
    actionSpace: .discrete(2), stepLimit: 500, rewardThreshold: 475)

  private static let gravity = 9.8
  private static let poleMass = 0.1
  private static let totalMass = 0.1 + 1.0
  private static let halfLength = 0.5
  private static let poleMassLength = 0.1 * 0.5
  private static let force = 10.0
  private static let timeStep = 0.02
  private static let positionLimit = 2.4
  private static let angleLimit = 12.0 * 2.0 * Double.pi / 360.0

  private var x: Double
  private var velocity: Double
  private var theta: Double
  private var omega: Double

  init(from generator: inout PCG64) {
    x = generator.uniform(-0.05, 0.05)
    velocity = generator.uniform(-0.05, 0.05)
    theta = generator.uniform(-0.05, 0.05)
    omega = generator.uniform(-0.05, 0.05)
  }

  init(state: [Double]) {
    precondition(state.count == 4, "a state has 4 numbers, not \(state.count)")
    (x, velocity, theta, omega) = (state[0], state[1], state[2], state[3])
  }

  var state: [Double] { [x, velocity, theta, omega] }

  func observe(into observation: UnsafeMutablePointer<Float>) {
    observation[0] = Float(x)
    observation[1] = Float(velocity)
    observation[2] = Float(theta)
    observation[3] = Float(omega)
  }

  mutating func step(_ action: DiscreteAction) -> (reward: Double, terminated: Bool) {
    let push = action.index == 1 ? Self.force : -Self.force
    let (sine, cosine) = (sin(theta), cos(theta))
    let temp = (push + Self.poleMassLength * (omega * omega) * sine) / Self.totalMass
    let alpha =
      (Self.gravity * sine - cosine * temp)
      / (Self.halfLength * (4.0 / 3.0 - Self.poleMass * (cosine * cosine) / Self.totalMass))
    let acceleration = temp - Self.poleMassLength * alpha * cosine / Self.totalMass

    x += Self.timeStep * velocity
    velocity += Self.timeStep * acceleration
    theta += Self.timeStep * omega
    omega += Self.timeStep * alpha

    let fallen =
      x < -Self.positionLimit || x > Self.positionLimit || theta < -Self.angleLimit || theta > Self.angleLimit
    return (1, fallen)
  }
}
