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

extension V1.WatchEvent: WireMessage {
  init(_ raw: Docent__V1__WatchEvent) throws(FieldFault) {
    let event: Event
    switch raw.event_case {
    case DOCENT__V1__WATCH_EVENT__EVENT_VERSION: event = .version(try V1.Version(raw.version.pointee))
    case DOCENT__V1__WATCH_EVENT__EVENT_ALIAS: event = .alias(try V1.AliasChange(raw.alias.pointee))
    case DOCENT__V1__WATCH_EVENT__EVENT_ROLLOUT: event = .rollout(try V1.RolloutReply(raw.rollout.pointee))
    default: event = .unrecognized
    }
    self.init(model: try text(raw.model, "watch_event.model"), event)
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__WatchEvent> {
    let raw = arena.make(Docent__V1__WatchEvent.self, docent__v1__watch_event__init)
    raw.pointee.model = arena.text(model)
    switch event {
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

extension V1.RolloutRequest: WireMessage {
  init(_ raw: Docent__V1__RolloutRequest) throws(FieldFault) {
    self.init(
      model: try text(raw.model, "rollout_request.model"),
      action: V1.RolloutAction(raw: raw.action.rawValue),
      plan: try text(raw.plan, "rollout_request.plan"),
      requestID: try text(raw.request_id, "rollout_request.request_id"),
      reason: try text(raw.reason, "rollout_request.reason"),
      version: raw.version)
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__RolloutRequest> {
    let raw = arena.make(Docent__V1__RolloutRequest.self, docent__v1__rollout_request__init)
    raw.pointee.model = arena.text(model)
    raw.pointee.action = Docent__V1__RolloutRequest__Action(rawValue: action.raw)
    raw.pointee.plan = arena.text(plan)
    raw.pointee.request_id = arena.text(requestID)
    raw.pointee.reason = arena.text(reason)
    raw.pointee.version = version
    return raw
  }
}

extension V1.RolloutReply: WireMessage {
  init(_ raw: Docent__V1__RolloutReply) throws(FieldFault) {
    self.init(
      rollout: try text(raw.rollout, "rollout_reply.rollout"),
      state: try text(raw.state, "rollout_reply.state"),
      candidate: raw.candidate,
      reason: try text(raw.reason, "rollout_reply.reason"),
      model: try text(raw.model, "rollout_reply.model"),
      baseline: raw.baseline,
      step: Int(raw.step),
      steps: doubles(raw.steps, raw.n_steps),
      weightPercent: raw.weight,
      plan: try text(raw.plan, "rollout_reply.plan"),
      gates: try messages(raw.gates, raw.n_gates),
      candidateEpisodes: raw.candidate_episodes,
      stableEpisodes: raw.stable_episodes,
      stepStartedMicroseconds: raw.step_started_us,
      createdMicroseconds: raw.created_us,
      endedMicroseconds: raw.ended_us,
      who: try text(raw.who, "rollout_reply.who"),
      revision: raw.revision,
      events: try messages(raw.events, raw.n_events),
      rollouts: try messages(raw.rollouts, raw.n_rollouts))
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__RolloutReply> {
    let raw = arena.make(Docent__V1__RolloutReply.self, docent__v1__rollout_reply__init)
    raw.pointee.rollout = arena.text(rollout)
    raw.pointee.state = arena.text(state)
    raw.pointee.candidate = candidate
    raw.pointee.reason = arena.text(reason)
    raw.pointee.model = arena.text(model)
    raw.pointee.baseline = baseline
    raw.pointee.step = UInt32(clamping: step)
    (raw.pointee.steps, raw.pointee.n_steps) = arena.doubles(steps)
    raw.pointee.weight = weightPercent
    raw.pointee.plan = arena.text(plan)
    (raw.pointee.gates, raw.pointee.n_gates) = arena.messages(gates)
    raw.pointee.candidate_episodes = candidateEpisodes
    raw.pointee.stable_episodes = stableEpisodes
    raw.pointee.step_started_us = stepStartedMicroseconds
    raw.pointee.created_us = createdMicroseconds
    raw.pointee.ended_us = endedMicroseconds
    raw.pointee.who = arena.text(who)
    raw.pointee.revision = revision
    (raw.pointee.events, raw.pointee.n_events) = arena.messages(events)
    (raw.pointee.rollouts, raw.pointee.n_rollouts) = arena.messages(rollouts)
    return raw
  }
}
