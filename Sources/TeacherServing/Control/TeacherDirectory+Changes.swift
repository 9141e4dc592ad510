import Crypto
import Logging
import Wire

// The calls that change what is there.
extension TeacherDirectory {
  static let reasonBytesMax = 4096

  func requireShort(_ reason: String) throws(WireStatus) {
    guard reason.utf8.count > Self.reasonBytesMax else { return }
    throw WireStatus(
      .invalidArgument,
      "a reason of \(reason.utf8.count) bytes, expected at most \(Self.reasonBytesMax): histories repeat it")
  }

  func move(_ request: V1.AliasRequest, who: String) async throws -> V1.AliasReply {
    try requireShort(request.reason)
    let model = try entry(request.model).model
    if request.version != 0 { try await load(try known(request.version, in: model), of: request.model) }
    let (reply, aliases) = try await store.moveAlias(request, who: who)
    entries[request.model]?.model.aliases = aliases
    do {
      // Leases of the version that was left end, and a withdrawn one that is pointed to again is none.
      try await readModels()
    } catch {
      logger.error("alias \(request.alias) of model \(request.model) moved; how models stand cannot be read: \(error)")
    }
    await publishCatalogue()
    logger.info(
      "alias moved",
      metadata: [
        "model": "\(request.model)", "alias": "\(request.alias)", "from": "\(reply.from)", "to": "\(reply.to)",
        "who": "\(who)",
      ])
    return reply
  }

  func publish(
    _ header: V1.PublishHeader, _ artefact: [UInt8], who: String
  ) async throws -> V1.PublishReply {
    let sha256 = Array(SHA256.hash(data: artefact))
    guard header.sha256 == sha256 else {
      throw WireStatus(
        .dataLoss, "an artefact with SHA-256 \(hexadecimal(sha256)), expected \(hexadecimal(header.sha256))")
    }
    let publication = try await store.publish(header, artefact: artefact, who: who)
    let number = publication.version.number
    var entry = entries[header.model] ?? Entry(model: V1.Model(name: header.model))
    if !entry.model.versions.contains(where: { $0.number == number }) {
      entry.model.versions.append(publication.version)
      entry.model.versions.sort { $0.number < $1.number }
    }
    entry.model.aliases = publication.aliases
    entries[header.model] = entry
    if entry.loaded[number] == nil {
      if let refusal = refusal(of: publication.policy, number, header.model) {
        // The version is stored all the same, and is loaded by whoever points to it when there is room.
        setState(.stored, number, header.model)
        logger.warning("published and not loaded: \(refusal.message)")
      } else {
        admit(publication.policy, number, header.model)
      }
    }
    await publishCatalogue()
    logger.info("version published", metadata: ["model": "\(header.model)", "version": "\(number)", "who": "\(who)"])
    return V1.PublishReply(version: number, sha256: publication.version.sha256)
  }
}

func hexadecimal(_ bytes: [UInt8]) -> String {
  let digits = Array("0123456789abcdef")
  return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
}
