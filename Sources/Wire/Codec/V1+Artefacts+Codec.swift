import CWire

extension V1.Golden: WireMessage {
  init(_ raw: Docent__V1__Golden) throws(FieldFault) {
    self.init(
      rows: Int(raw.rows),
      observations: try floats(raw.observations, "golden.observations"),
      outputs: try floats(raw.outputs, "golden.outputs"),
      values: try floats(raw.values, "golden.values"))
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__Golden> {
    let raw = arena.make(Docent__V1__Golden.self, docent__v1__golden__init)
    raw.pointee.rows = UInt32(clamping: rows)
    raw.pointee.observations = arena.floats(observations)
    raw.pointee.outputs = arena.floats(outputs)
    raw.pointee.values = arena.floats(values)
    return raw
  }
}

extension V1.PublishHeader: WireMessage {
  init(_ raw: Docent__V1__PublishHeader) throws(FieldFault) {
    self.init(
      model: try text(raw.model, "publish_header.model"),
      artefactBytes: raw.artefact_bytes,
      sha256: bytes(raw.sha256),
      lineage: try message(raw.lineage),
      golden: try message(raw.golden),
      requestID: try text(raw.request_id, "publish_header.request_id"))
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__PublishHeader> {
    let raw = arena.make(Docent__V1__PublishHeader.self, docent__v1__publish_header__init)
    raw.pointee.model = arena.text(model)
    raw.pointee.artefact_bytes = artefactBytes
    raw.pointee.sha256 = arena.bytes(sha256)
    raw.pointee.lineage = lineage?.packed(arena)
    raw.pointee.golden = golden?.packed(arena)
    raw.pointee.request_id = arena.text(requestID)
    return raw
  }
}

extension V1.Chunk: WireMessage {
  init(_ raw: Docent__V1__Chunk) throws(FieldFault) {
    self.init(
      offset: raw.offset,
      data: bytes(raw.data))
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__Chunk> {
    let raw = arena.make(Docent__V1__Chunk.self, docent__v1__chunk__init)
    raw.pointee.offset = offset
    raw.pointee.data = arena.bytes(data)
    return raw
  }
}

extension V1.PublishReply: WireMessage {
  init(_ raw: Docent__V1__PublishReply) throws(FieldFault) {
    self.init(
      version: raw.version,
      sha256: bytes(raw.sha256))
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__PublishReply> {
    let raw = arena.make(Docent__V1__PublishReply.self, docent__v1__publish_reply__init)
    raw.pointee.version = version
    raw.pointee.sha256 = arena.bytes(sha256)
    return raw
  }
}

extension V1.FetchRequest: WireMessage {
  init(_ raw: Docent__V1__FetchRequest) throws(FieldFault) {
    self.init(
      model: try text(raw.model, "fetch_request.model"),
      version: raw.version,
      alias: try text(raw.alias, "fetch_request.alias"))
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__FetchRequest> {
    let raw = arena.make(Docent__V1__FetchRequest.self, docent__v1__fetch_request__init)
    raw.pointee.model = arena.text(model)
    raw.pointee.version = version
    raw.pointee.alias = arena.text(alias)
    return raw
  }
}

extension V1.FetchHeader: WireMessage {
  init(_ raw: Docent__V1__FetchHeader) throws(FieldFault) {
    self.init(
      version: raw.version,
      artefactBytes: raw.artefact_bytes,
      sha256: bytes(raw.sha256),
      lineage: try message(raw.lineage),
      golden: try message(raw.golden))
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__FetchHeader> {
    let raw = arena.make(Docent__V1__FetchHeader.self, docent__v1__fetch_header__init)
    raw.pointee.version = version
    raw.pointee.artefact_bytes = artefactBytes
    raw.pointee.sha256 = arena.bytes(sha256)
    raw.pointee.lineage = lineage?.packed(arena)
    raw.pointee.golden = golden?.packed(arena)
    return raw
  }
}
