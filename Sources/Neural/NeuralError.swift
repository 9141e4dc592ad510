/// Why a network, an artefact or a state dict was refused: a code for programs, and for people what was given and
/// what was expected.
public struct NeuralError: Error, Hashable, Sendable, CustomStringConvertible {
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    public let description: String

    /// An architecture, normalizer or setting that makes no sense.
    public static let invalidArchitecture = Code(description: "invalid architecture")
    /// Bytes that are not a whole, well-formed safetensors file.
    public static let malformed = Code(description: "malformed")
    /// A well-formed file with other tensors, shapes or element types than expected.
    public static let architectureMismatch = Code(description: "architecture mismatch")
    /// NaN or infinity among the numbers.
    public static let notFinite = Code(description: "not finite")
    /// Something a file does not say and nobody may guess, such as the activation of a state dict.
    public static let informationMissing = Code(description: "information missing")
    /// A kernel path that this processor does not have, or that does not exist.
    public static let kernelsUnavailable = Code(description: "kernels unavailable")
  }

  public let code: Code
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { message }
}
