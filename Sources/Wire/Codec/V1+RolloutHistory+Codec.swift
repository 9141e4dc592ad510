import CWire

extension V1.GateReading: WireMessage {
  init(_ raw: Docent__V1__GateReading) throws(FieldFault) {
    self.init(
      gate: try text(raw.gate, "gate_reading.gate"),
      state: try text(raw.state, "gate_reading.state"),
      estimate: raw.optional_estimate_case == DOCENT__V1__GATE_READING__OPTIONAL_ESTIMATE_ESTIMATE ? raw.estimate : nil,
      lower: raw.optional_lower_case == DOCENT__V1__GATE_READING__OPTIONAL_LOWER_LOWER ? raw.lower : nil,
      upper: raw.optional_upper_case == DOCENT__V1__GATE_READING__OPTIONAL_UPPER_UPPER ? raw.upper : nil,
      units: raw.units,
      note: try text(raw.note, "gate_reading.note"))
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__GateReading> {
    let raw = arena.make(Docent__V1__GateReading.self, docent__v1__gate_reading__init)
    raw.pointee.gate = arena.text(gate)
    raw.pointee.state = arena.text(state)
    if let estimate {
      raw.pointee.optional_estimate_case = DOCENT__V1__GATE_READING__OPTIONAL_ESTIMATE_ESTIMATE
      raw.pointee.estimate = estimate
    }
    if let lower {
      raw.pointee.optional_lower_case = DOCENT__V1__GATE_READING__OPTIONAL_LOWER_LOWER
      raw.pointee.lower = lower
    }
    if let upper {
      raw.pointee.optional_upper_case = DOCENT__V1__GATE_READING__OPTIONAL_UPPER_UPPER
      raw.pointee.upper = upper
    }
    raw.pointee.units = units
    raw.pointee.note = arena.text(note)
    return raw
  }
}

extension V1.RolloutEvent: WireMessage {
  init(_ raw: Docent__V1__RolloutEvent) throws(FieldFault) {
    self.init(
      rollout: try text(raw.rollout, "rollout_event.rollout"),
      kind: try text(raw.kind, "rollout_event.kind"),
      step: Int(raw.step),
      weightPercent: raw.weight,
      who: try text(raw.who, "rollout_event.who"),
      whenMicroseconds: raw.when_us,
      reason: try text(raw.reason, "rollout_event.reason"))
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__RolloutEvent> {
    let raw = arena.make(Docent__V1__RolloutEvent.self, docent__v1__rollout_event__init)
    raw.pointee.rollout = arena.text(rollout)
    raw.pointee.kind = arena.text(kind)
    raw.pointee.step = UInt32(clamping: step)
    raw.pointee.weight = weightPercent
    raw.pointee.who = arena.text(who)
    raw.pointee.when_us = whenMicroseconds
    raw.pointee.reason = arena.text(reason)
    return raw
  }
}

extension V1.RolloutRecord: WireMessage {
  init(_ raw: Docent__V1__RolloutRecord) throws(FieldFault) {
    self.init(
      rollout: try text(raw.rollout, "rollout_record.rollout"),
      state: try text(raw.state, "rollout_record.state"),
      candidate: raw.candidate,
      baseline: raw.baseline,
      step: Int(raw.step),
      steps: doubles(raw.steps, raw.n_steps),
      weightPercent: raw.weight,
      plan: try text(raw.plan, "rollout_record.plan"),
      reason: try text(raw.reason, "rollout_record.reason"),
      who: try text(raw.who, "rollout_record.who"),
      createdMicroseconds: raw.created_us,
      endedMicroseconds: raw.ended_us)
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__RolloutRecord> {
    let raw = arena.make(Docent__V1__RolloutRecord.self, docent__v1__rollout_record__init)
    raw.pointee.rollout = arena.text(rollout)
    raw.pointee.state = arena.text(state)
    raw.pointee.candidate = candidate
    raw.pointee.baseline = baseline
    raw.pointee.step = UInt32(clamping: step)
    (raw.pointee.steps, raw.pointee.n_steps) = arena.doubles(steps)
    raw.pointee.weight = weightPercent
    raw.pointee.plan = arena.text(plan)
    raw.pointee.reason = arena.text(reason)
    raw.pointee.who = arena.text(who)
    raw.pointee.created_us = createdMicroseconds
    raw.pointee.ended_us = endedMicroseconds
    return raw
  }
}
