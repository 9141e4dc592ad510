import Crypto
import NIOCore
import Synchronization

/// A version's artefact as a service has it.
public struct FetchedArtefact: Hashable, Sendable {
  /// The version, its lineage and its golden rows.
  public let header: V1.FetchHeader
  /// The policy's safetensors, whose size and SHA-256 are the header's.
  public let bytes: [UInt8]
}

/// Takes a fetch's header and its chunks, and checks what they come to.
final class FetchReceiver: CallReceiver {
  private enum State {
    case waiting
    case receiving(V1.FetchHeader, ArtefactAssembly, SHA256)
    case over
  }

  private let artefactBytesMax: Int
  private let promise: EventLoopPromise<FetchedArtefact>
  private let state = Mutex(State.waiting)

  init(artefactBytesMax: Int, promise: EventLoopPromise<FetchedArtefact>) {
    self.artefactBytesMax = artefactBytesMax
    self.promise = promise
  }

  var isStream: Bool { true }

  func receive(_ body: V1.Body) -> Bool {
    let outcome: Result<FetchedArtefact, AttemptFailure>? = state.withLock { state in
      do throws(WireStatus) {
        return try advance(&state, body).map { .success($0) }
      } catch {
        state = .over
        return .failure(AttemptFailure(error))
      }
    }
    switch outcome {
    case nil: return false
    case .success(let artefact): promise.succeed(artefact)
    case .failure(let failure): promise.fail(failure)
    }
    return true
  }

  func fail(_ failure: AttemptFailure) {
    let wasOver = state.withLock { state in
      defer { state = .over }
      return if case .over = state { true } else { false }
    }
    if !wasOver { promise.fail(failure) }
  }

  /// - Returns: the artefact, once it is whole.
  private func advance(_ state: inout State, _ body: V1.Body) throws(WireStatus) -> FetchedArtefact? {
    switch (state, body) {
    case (.waiting, .fetchHeader(let header)):
      guard header.artefactBytes <= UInt64(artefactBytesMax) else {
        throw WireStatus(
          .failedPrecondition,
          "version \(header.version) has \(header.artefactBytes) bytes, expected at most \(artefactBytesMax), as this client is configured"
        )
      }
      let assembly = try Self.damage {
        () throws(WireStatus) in
        try ArtefactAssembly(announcedBytes: header.artefactBytes, artefactBytesMax: artefactBytesMax)
      }
      state = .receiving(header, assembly, SHA256())
      return nil
    case (.receiving(let header, var assembly, var hash), .chunk(let chunk)):
      // Let go of the copy in the state, which would be copied from otherwise.
      state = .over
      try Self.damage { () throws(WireStatus) in try assembly.append(chunk) }
      hash.update(data: chunk.data)
      guard assembly.isWhole else {
        state = .receiving(header, assembly, hash)
        return nil
      }
      let digest = Array(hash.finalize())
      guard digest == header.sha256 else {
        throw WireStatus(
          .dataLoss,
          "the artefact of version \(header.version) has SHA-256 \(Self.hex(digest)), expected \(Self.hex(header.sha256))"
        )
      }
      return FetchedArtefact(header: header, bytes: assembly.bytes)
    case (.over, _): return nil
    default:
      throw WireStatus(.internalError, "the server answered a fetch with something else than a header, then chunks")
    }
  }

  private static func damage<Value>(_ body: () throws(WireStatus) -> Value) throws(WireStatus) -> Value {
    do {
      return try body()
    } catch {
      throw WireStatus(.dataLoss, "the artefact did not come as it was announced: \(error.message)")
    }
  }

  private static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
