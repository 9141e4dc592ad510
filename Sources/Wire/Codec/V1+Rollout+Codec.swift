import CWire

extension V1.ReportRequest: WireMessage {
  init(_ raw: Docent__V1__ReportRequest) throws(FieldFault) {
    self.init(
      model: try text(raw.model, "report_request.model"),
      version: raw.version,
      episode: raw.episode,
      episodeReturn: raw.episode_return,
      steps: raw.steps)
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__ReportRequest> {
    let raw = arena.make(Docent__V1__ReportRequest.self, docent__v1__report_request__init)
    raw.pointee.model = arena.text(model)
    raw.pointee.version = version
    raw.pointee.episode = episode
    raw.pointee.episode_return = episodeReturn
    raw.pointee.steps = steps
    return raw
  }
}

extension V1.ReportReply: WireMessage {
  init(_ raw: Docent__V1__ReportReply) throws(FieldFault) {
    self.init()
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__ReportReply> {
    let raw = arena.make(Docent__V1__ReportReply.self, docent__v1__report_reply__init)
    return raw
  }
}

extension V1.WatchRequest: WireMessage {
  init(_ raw: Docent__V1__WatchRequest) throws(FieldFault) {
    self.init(
      model: try text(raw.model, "watch_request.model"))
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__WatchRequest> {
    let raw = arena.make(Docent__V1__WatchRequest.self, docent__v1__watch_request__init)
    raw.pointee.model = arena.text(model)
    return raw
  }
}

extension V1.RolloutRequest: WireMessage {
  init(_ raw: Docent__V1__RolloutRequest) throws(FieldFault) {
    self.init(
      model: try text(raw.model, "rollout_request.model"),
      action: V1.RolloutAction(raw: raw.action.rawValue),
      plan: try text(raw.plan, "rollout_request.plan"),
      requestID: try text(raw.request_id, "rollout_request.request_id"),
      reason: try text(raw.reason, "rollout_request.reason"))
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__RolloutRequest> {
    let raw = arena.make(Docent__V1__RolloutRequest.self, docent__v1__rollout_request__init)
    raw.pointee.model = arena.text(model)
    raw.pointee.action = Docent__V1__RolloutRequest__Action(rawValue: action.raw)
    raw.pointee.plan = arena.text(plan)
    raw.pointee.request_id = arena.text(requestID)
    raw.pointee.reason = arena.text(reason)
    return raw
  }
}

extension V1.RolloutReply: WireMessage {
  init(_ raw: Docent__V1__RolloutReply) throws(FieldFault) {
    self.init(
      rollout: try text(raw.rollout, "rollout_reply.rollout"),
      state: try text(raw.state, "rollout_reply.state"),
      candidate: raw.candidate,
      weightPercent: Int(raw.weight_percent),
      reason: try text(raw.reason, "rollout_reply.reason"))
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__RolloutReply> {
    let raw = arena.make(Docent__V1__RolloutReply.self, docent__v1__rollout_reply__init)
    raw.pointee.rollout = arena.text(rollout)
    raw.pointee.state = arena.text(state)
    raw.pointee.candidate = candidate
    raw.pointee.weight_percent = UInt32(clamping: weightPercent)
    raw.pointee.reason = arena.text(reason)
    return raw
  }
}

extension V1.WatchEvent: WireMessage {
  init(_ raw: Docent__V1__WatchEvent) throws(FieldFault) {
    switch raw.event_case {
    case DOCENT__V1__WATCH_EVENT__EVENT_VERSION: self = .version(try V1.Version(raw.version.pointee))
    case DOCENT__V1__WATCH_EVENT__EVENT_ALIAS: self = .alias(try V1.AliasChange(raw.alias.pointee))
    case DOCENT__V1__WATCH_EVENT__EVENT_ROLLOUT: self = .rollout(try V1.RolloutReply(raw.rollout.pointee))
    default: self = .unrecognized
    }
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__WatchEvent> {
    let raw = arena.make(Docent__V1__WatchEvent.self, docent__v1__watch_event__init)
    switch self {
    case .unrecognized:
      raw.pointee.event_case = DOCENT__V1__WATCH_EVENT__EVENT__NOT_SET
    case .version(let version):
      raw.pointee.event_case = DOCENT__V1__WATCH_EVENT__EVENT_VERSION
      raw.pointee.version = version.packed(arena)
    case .alias(let change):
      raw.pointee.event_case = DOCENT__V1__WATCH_EVENT__EVENT_ALIAS
      raw.pointee.alias = change.packed(arena)
    case .rollout(let rollout):
      raw.pointee.event_case = DOCENT__V1__WATCH_EVENT__EVENT_ROLLOUT
      raw.pointee.rollout = rollout.packed(arena)
    }
    return raw
  }
}
