import CWire

extension V1.Version: WireMessage {
  init(_ raw: Docent__V1__Version) throws(FieldFault) {
    self.init(
      number: raw.number,
      state: V1.VersionState(raw: raw.state.rawValue),
      sha256: bytes(raw.sha256),
      artefactBytes: raw.artefact_bytes,
      createdMicroseconds: raw.created_us,
      lineage: try message(raw.lineage),
      failure: try text(raw.failure, "version.failure"),
      policy: try message(raw.policy))
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__Version> {
    let raw = arena.make(Docent__V1__Version.self, docent__v1__version__init)
    raw.pointee.number = number
    raw.pointee.state = Docent__V1__VersionState(rawValue: state.raw)
    raw.pointee.sha256 = arena.bytes(sha256)
    raw.pointee.artefact_bytes = artefactBytes
    raw.pointee.created_us = createdMicroseconds
    raw.pointee.lineage = lineage?.packed(arena)
    raw.pointee.failure = arena.text(failure)
    raw.pointee.policy = policy?.packed(arena)
    return raw
  }
}

extension V1.AliasTarget: WireMessage {
  init(_ raw: Docent__V1__AliasTarget) throws(FieldFault) {
    self.init(
      alias: try text(raw.alias, "alias_target.alias"),
      version: raw.version)
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__AliasTarget> {
    let raw = arena.make(Docent__V1__AliasTarget.self, docent__v1__alias_target__init)
    raw.pointee.alias = arena.text(alias)
    raw.pointee.version = version
    return raw
  }
}

extension V1.Model: WireMessage {
  init(_ raw: Docent__V1__Model) throws(FieldFault) {
    self.init(
      name: try text(raw.name, "model.name"),
      versions: try messages(raw.versions, raw.n_versions),
      aliases: try messages(raw.aliases, raw.n_aliases))
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__Model> {
    let raw = arena.make(Docent__V1__Model.self, docent__v1__model__init)
    raw.pointee.name = arena.text(name)
    (raw.pointee.versions, raw.pointee.n_versions) = arena.messages(versions)
    (raw.pointee.aliases, raw.pointee.n_aliases) = arena.messages(aliases)
    return raw
  }
}

extension V1.DescribeRequest: WireMessage {
  init(_ raw: Docent__V1__DescribeRequest) throws(FieldFault) {
    self.init(
      model: try text(raw.model, "describe_request.model"),
      version: raw.version,
      alias: try text(raw.alias, "describe_request.alias"))
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__DescribeRequest> {
    let raw = arena.make(Docent__V1__DescribeRequest.self, docent__v1__describe_request__init)
    raw.pointee.model = arena.text(model)
    raw.pointee.version = version
    raw.pointee.alias = arena.text(alias)
    return raw
  }
}

extension V1.DescribeReply: WireMessage {
  init(_ raw: Docent__V1__DescribeReply) throws(FieldFault) {
    self.init(
      model: try message(raw.model),
      version: try message(raw.version))
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__DescribeReply> {
    let raw = arena.make(Docent__V1__DescribeReply.self, docent__v1__describe_reply__init)
    raw.pointee.model = model?.packed(arena)
    raw.pointee.version = version?.packed(arena)
    return raw
  }
}

extension V1.ListModelsRequest: WireMessage {
  init(_ raw: Docent__V1__ListModelsRequest) throws(FieldFault) {
    self.init()
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__ListModelsRequest> {
    let raw = arena.make(Docent__V1__ListModelsRequest.self, docent__v1__list_models_request__init)
    return raw
  }
}

extension V1.ListModelsReply: WireMessage {
  init(_ raw: Docent__V1__ListModelsReply) throws(FieldFault) {
    self.init(
      models: try messages(raw.models, raw.n_models))
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__ListModelsReply> {
    let raw = arena.make(Docent__V1__ListModelsReply.self, docent__v1__list_models_reply__init)
    (raw.pointee.models, raw.pointee.n_models) = arena.messages(models)
    return raw
  }
}
