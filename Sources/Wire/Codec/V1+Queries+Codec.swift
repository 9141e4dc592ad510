import CWire

extension V1.InferRequest: WireMessage {
  init(_ raw: Docent__V1__InferRequest) throws(FieldFault) {
    self.init(
      model: try text(raw.model, "infer_request.model"),
      rows: Int(raw.rows),
      observations: bytes(raw.observations),
      version: raw.version,
      alias: try text(raw.alias, "infer_request.alias"),
      deadlineMicroseconds: raw.deadline_us,
      elementType: V1.ElementType(raw: raw.element_type.rawValue),
      want: V1.Wanted(rawValue: raw.want),
      episode: raw.episode,
      leaseVersion: raw.lease_version,
      minimumVersion: raw.minimum_version,
      actionMode: V1.ActionMode(raw: raw.action_mode.rawValue),
      actionSeed: raw.action_seed,
      featuresLayer: try text(raw.features_layer, "infer_request.features_layer"))
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__InferRequest> {
    let raw = arena.make(Docent__V1__InferRequest.self, docent__v1__infer_request__init)
    raw.pointee.model = arena.text(model)
    raw.pointee.rows = UInt32(clamping: rows)
    raw.pointee.observations = arena.bytes(observations)
    raw.pointee.version = version
    raw.pointee.alias = arena.text(alias)
    raw.pointee.deadline_us = deadlineMicroseconds
    raw.pointee.element_type = Docent__V1__ElementType(rawValue: elementType.raw)
    raw.pointee.want = want.rawValue
    raw.pointee.episode = episode
    raw.pointee.lease_version = leaseVersion
    raw.pointee.minimum_version = minimumVersion
    raw.pointee.action_mode = Docent__V1__ActionMode(rawValue: actionMode.raw)
    raw.pointee.action_seed = actionSeed
    raw.pointee.features_layer = arena.text(featuresLayer)
    return raw
  }
}

extension V1.InferReply: WireMessage {
  init(_ raw: Docent__V1__InferReply) throws(FieldFault) {
    self.init(
      version: raw.version,
      rows: Int(raw.rows),
      outputs: try floats(raw.outputs, "infer_reply.outputs"),
      values: try floats(raw.values, "infer_reply.values"),
      actions: bytes(raw.actions),
      features: try floats(raw.features, "infer_reply.features"),
      leaseMoved: raw.lease_moved != 0)
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__InferReply> {
    let raw = arena.make(Docent__V1__InferReply.self, docent__v1__infer_reply__init)
    raw.pointee.version = version
    raw.pointee.rows = UInt32(clamping: rows)
    raw.pointee.outputs = arena.floats(outputs)
    raw.pointee.values = arena.floats(values)
    raw.pointee.actions = arena.bytes(actions)
    raw.pointee.features = arena.floats(features)
    raw.pointee.lease_moved = leaseMoved ? 1 : 0
    return raw
  }
}
