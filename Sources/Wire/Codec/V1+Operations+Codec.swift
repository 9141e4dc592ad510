import CWire

extension V1.HealthRequest: WireMessage {
  init(_ raw: Docent__V1__HealthRequest) throws(FieldFault) {
    self.init(
      model: try text(raw.model, "health_request.model"),
      watch: raw.watch != 0)
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__HealthRequest> {
    let raw = arena.make(Docent__V1__HealthRequest.self, docent__v1__health_request__init)
    raw.pointee.model = arena.text(model)
    raw.pointee.watch = watch ? 1 : 0
    return raw
  }
}

extension V1.HealthReply: WireMessage {
  init(_ raw: Docent__V1__HealthReply) throws(FieldFault) {
    self.init(
      serving: V1.Serving(raw: raw.serving.rawValue))
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__HealthReply> {
    let raw = arena.make(Docent__V1__HealthReply.self, docent__v1__health_reply__init)
    raw.pointee.serving = Docent__V1__Serving(rawValue: serving.raw)
    return raw
  }
}

extension V1.AliasRequest: WireMessage {
  init(_ raw: Docent__V1__AliasRequest) throws(FieldFault) {
    self.init(
      model: try text(raw.model, "alias_request.model"),
      alias: try text(raw.alias, "alias_request.alias"),
      version: raw.version,
      reason: try text(raw.reason, "alias_request.reason"),
      requestID: try text(raw.request_id, "alias_request.request_id"))
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__AliasRequest> {
    let raw = arena.make(Docent__V1__AliasRequest.self, docent__v1__alias_request__init)
    raw.pointee.model = arena.text(model)
    raw.pointee.alias = arena.text(alias)
    raw.pointee.version = version
    raw.pointee.reason = arena.text(reason)
    raw.pointee.request_id = arena.text(requestID)
    return raw
  }
}

extension V1.AliasReply: WireMessage {
  init(_ raw: Docent__V1__AliasReply) throws(FieldFault) {
    self.init(
      from: raw.from,
      to: raw.to)
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__AliasReply> {
    let raw = arena.make(Docent__V1__AliasReply.self, docent__v1__alias_reply__init)
    raw.pointee.from = from
    raw.pointee.to = to
    return raw
  }
}

extension V1.HistoryRequest: WireMessage {
  init(_ raw: Docent__V1__HistoryRequest) throws(FieldFault) {
    self.init(
      model: try text(raw.model, "history_request.model"))
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__HistoryRequest> {
    let raw = arena.make(Docent__V1__HistoryRequest.self, docent__v1__history_request__init)
    raw.pointee.model = arena.text(model)
    return raw
  }
}

extension V1.AliasChange: WireMessage {
  init(_ raw: Docent__V1__AliasChange) throws(FieldFault) {
    self.init(
      alias: try text(raw.alias, "alias_change.alias"),
      from: raw.from,
      to: raw.to,
      who: try text(raw.who, "alias_change.who"),
      whenMicroseconds: raw.when_us,
      reason: try text(raw.reason, "alias_change.reason"))
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__AliasChange> {
    let raw = arena.make(Docent__V1__AliasChange.self, docent__v1__alias_change__init)
    raw.pointee.alias = arena.text(alias)
    raw.pointee.from = from
    raw.pointee.to = to
    raw.pointee.who = arena.text(who)
    raw.pointee.when_us = whenMicroseconds
    raw.pointee.reason = arena.text(reason)
    return raw
  }
}

extension V1.HistoryReply: WireMessage {
  init(_ raw: Docent__V1__HistoryReply) throws(FieldFault) {
    self.init(
      changes: try messages(raw.changes, raw.n_changes))
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__HistoryReply> {
    let raw = arena.make(Docent__V1__HistoryReply.self, docent__v1__history_reply__init)
    (raw.pointee.changes, raw.pointee.n_changes) = arena.messages(changes)
    return raw
  }
}

extension V1.VerifyRequest: WireMessage {
  init(_ raw: Docent__V1__VerifyRequest) throws(FieldFault) {
    self.init(
      model: try text(raw.model, "verify_request.model"))
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__VerifyRequest> {
    let raw = arena.make(Docent__V1__VerifyRequest.self, docent__v1__verify_request__init)
    raw.pointee.model = arena.text(model)
    return raw
  }
}

extension V1.VerifyResult: WireMessage {
  init(_ raw: Docent__V1__VerifyResult) throws(FieldFault) {
    self.init(
      model: try text(raw.model, "verify_result.model"),
      version: raw.version,
      ok: raw.ok != 0,
      problem: try text(raw.problem, "verify_result.problem"))
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__VerifyResult> {
    let raw = arena.make(Docent__V1__VerifyResult.self, docent__v1__verify_result__init)
    raw.pointee.model = arena.text(model)
    raw.pointee.version = version
    raw.pointee.ok = ok ? 1 : 0
    raw.pointee.problem = arena.text(problem)
    return raw
  }
}

extension V1.VerifyReply: WireMessage {
  init(_ raw: Docent__V1__VerifyReply) throws(FieldFault) {
    self.init(
      results: try messages(raw.results, raw.n_results))
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__VerifyReply> {
    let raw = arena.make(Docent__V1__VerifyReply.self, docent__v1__verify_reply__init)
    (raw.pointee.results, raw.pointee.n_results) = arena.messages(results)
    return raw
  }
}
