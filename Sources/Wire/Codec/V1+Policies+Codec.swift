import CWire

extension V1.Normalizer: WireMessage {
  init(_ raw: Docent__V1__Normalizer) throws(FieldFault) {
    self.init(
      mean: try floats(raw.mean, "normalizer.mean"),
      variance: try floats(raw.variance, "normalizer.variance"),
      epsilon: raw.epsilon,
      limit: raw.limit)
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__Normalizer> {
    let raw = arena.make(Docent__V1__Normalizer.self, docent__v1__normalizer__init)
    raw.pointee.mean = arena.floats(mean)
    raw.pointee.variance = arena.floats(variance)
    raw.pointee.epsilon = epsilon
    raw.pointee.limit = limit
    return raw
  }
}

extension V1.Policy: WireMessage {
  init(_ raw: Docent__V1__Policy) throws(FieldFault) {
    self.init(
      environment: try text(raw.environment, "policy.environment"),
      observationWidth: Int(raw.observation_width),
      head: V1.Head(raw: raw.head.rawValue),
      actionWidth: Int(raw.action_width),
      actionLow: try floats(raw.action_low, "policy.action_low"),
      actionHigh: try floats(raw.action_high, "policy.action_high"),
      policyHidden: integers(raw.policy_hidden, raw.n_policy_hidden),
      valueHidden: integers(raw.value_hidden, raw.n_value_hidden),
      sharedTrunk: raw.shared_trunk != 0,
      activation: V1.Activation(raw: raw.activation.rawValue),
      hasValue: raw.has_value != 0,
      normalizer: try message(raw.normalizer),
      parameters: raw.parameters,
      fingerprint: bytes(raw.fingerprint))
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__Policy> {
    let raw = arena.make(Docent__V1__Policy.self, docent__v1__policy__init)
    raw.pointee.environment = arena.text(environment)
    raw.pointee.observation_width = UInt32(clamping: observationWidth)
    raw.pointee.head = Docent__V1__Head(rawValue: head.raw)
    raw.pointee.action_width = UInt32(clamping: actionWidth)
    raw.pointee.action_low = arena.floats(actionLow)
    raw.pointee.action_high = arena.floats(actionHigh)
    (raw.pointee.policy_hidden, raw.pointee.n_policy_hidden) = arena.integers(policyHidden)
    (raw.pointee.value_hidden, raw.pointee.n_value_hidden) = arena.integers(valueHidden)
    raw.pointee.shared_trunk = sharedTrunk ? 1 : 0
    raw.pointee.activation = Docent__V1__Activation(rawValue: activation.raw)
    raw.pointee.has_value = hasValue ? 1 : 0
    raw.pointee.normalizer = normalizer?.packed(arena)
    raw.pointee.parameters = parameters
    raw.pointee.fingerprint = arena.bytes(fingerprint)
    return raw
  }
}

extension V1.TeacherUse: WireMessage {
  init(_ raw: Docent__V1__TeacherUse) throws(FieldFault) {
    self.init(
      model: try text(raw.model, "teacher_use.model"),
      version: raw.version,
      sha256: bytes(raw.sha256),
      queries: raw.queries)
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__TeacherUse> {
    let raw = arena.make(Docent__V1__TeacherUse.self, docent__v1__teacher_use__init)
    raw.pointee.model = arena.text(model)
    raw.pointee.version = version
    raw.pointee.sha256 = arena.bytes(sha256)
    raw.pointee.queries = queries
    return raw
  }
}

extension V1.Lineage: WireMessage {
  init(_ raw: Docent__V1__Lineage) throws(FieldFault) {
    self.init(
      run: try text(raw.run, "lineage.run"),
      algorithm: try text(raw.algorithm, "lineage.algorithm"),
      seed: raw.seed,
      environmentSteps: raw.environment_steps,
      teachers: try messages(raw.teachers, raw.n_teachers))
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__Lineage> {
    let raw = arena.make(Docent__V1__Lineage.self, docent__v1__lineage__init)
    raw.pointee.run = arena.text(run)
    raw.pointee.algorithm = arena.text(algorithm)
    raw.pointee.seed = seed
    raw.pointee.environment_steps = environmentSteps
    (raw.pointee.teachers, raw.pointee.n_teachers) = arena.messages(teachers)
    return raw
  }
}
