import CFuzzing
import Foundation

/// `docent-fuzz TARGET [libFuzzer's options] [folders or files of inputs]`, or `docent-fuzz seeds FOLDER`.
@main
enum Fuzz {
  /// What takes bytes from strangers.
  enum Target: String, CaseIterable {
    case frames, codec, server, teacher, client, artefact
  }

  static func main() throws {
    let arguments = CommandLine.arguments
    switch (arguments.dropFirst().first, arguments.dropFirst(2).first) {
    case ("seeds", let folder?): try Seeds.write(to: URL(fileURLWithPath: folder))
    case (let name?, _) where Target(rawValue: name) != nil:
      exit(run(Target(rawValue: name)!, [arguments[0]] + arguments.dropFirst(2)))
    default:
      let names = Target.allCases.map(\.rawValue).joined(separator: "|")
      FileHandle.standardError.write(
        Data("usage: docent-fuzz \(names) [OPTION...] [FOLDER...], or docent-fuzz seeds FOLDER\n".utf8))
      exit(2)
    }
  }

  private static func run(_ target: Target, _ arguments: [String]) -> CInt {
    // libFuzzer keeps them for as long as the process lives.
    var pointers = arguments.map { strdup($0) }
    let count = CInt(pointers.count)
    return switch target {
    case .frames:
      fuzzing_run(count, &pointers, { FramesTarget.run(bytes($0, $1)) }, { StreamMutation.mutate($0, $1, $2, $3) })
    case .codec:
      fuzzing_run(count, &pointers, { CodecTarget.run(bytes($0, $1)) }, { MessageMutation.mutate($0, $1, $2, $3) })
    case .server:
      fuzzing_run(count, &pointers, { ServerTarget.run(bytes($0, $1)) }, { StreamMutation.mutate($0, $1, $2, $3) })
    case .teacher:
      fuzzing_run(count, &pointers, { TeacherTarget.run(bytes($0, $1)) }, { StreamMutation.mutate($0, $1, $2, $3) })
    case .client:
      fuzzing_run(count, &pointers, { ClientTarget.run(bytes($0, $1)) }, { StreamMutation.mutate($0, $1, $2, $3) })
    case .artefact:
      fuzzing_run(count, &pointers, { ArtefactTarget.run(bytes($0, $1)) }, { ArtefactMutation.mutate($0, $1, $2, $3) })
    }
  }
}

private func bytes(_ data: UnsafePointer<UInt8>?, _ size: Int) -> UnsafeRawBufferPointer {
  UnsafeRawBufferPointer(start: data, count: size)
}

/// A property that inputs must not break. Ends the process, so that libFuzzer keeps the input.
func require(_ holds: Bool, _ what: @autoclosure () -> String) {
  if !holds { fatalError(what()) }
}
