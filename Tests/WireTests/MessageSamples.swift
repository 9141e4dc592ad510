import Wire

/// One frame of every message, with no field at its default, so that a field which is lost on the way is seen.
enum MessageSamples {
  static let lineage = V1.Lineage(
    run: "run-7", algorithm: "distillation", seed: 11, environmentSteps: 20_000,
    teachers: [
      V1.TeacherUse(model: "teacher", version: 3, sha256: [1, 2, 3], queries: 1 << 40),
      V1.TeacherUse(model: "other", version: 1, sha256: [4], queries: 5),
    ])
  static let golden = V1.Golden(rows: 2, observations: [0.5, -1, 2, 3], outputs: [0.25, 1e-30], values: [1, -1])
  static let policy = V1.Policy(
    environment: "Pendulum-v1", observationWidth: 3, head: .gaussian, actionWidth: 1, actionLow: [-2], actionHigh: [2],
    policyHidden: [64, 32], valueHidden: [16], sharedTrunk: true, activation: .relu, hasValue: true,
    normalizer: V1.Normalizer(mean: [1, 2, 3], variance: [4, 5, 6], epsilon: 1e-8, limit: 10), parameters: 4_545,
    fingerprint: [9, 8, 7])
  static let version = V1.Version(
    number: 4, state: .failed, sha256: [1], artefactBytes: 99, createdMicroseconds: -5, lineage: lineage,
    failure: "golden row 1 differs", policy: policy)
  static let model = V1.Model(
    name: "cartpole", versions: [version, V1.Version(number: 5, state: .loaded)],
    aliases: [V1.AliasTarget(alias: "stable", version: 4)])
  static let change = V1.AliasChange(
    alias: "stable", from: 1, to: 2, who: "ops", whenMicroseconds: 1_700_000_000_000_000, reason: "better")
  static let rollout = V1.RolloutReply(
    rollout: "00112233445566778899aabbccddeeff", state: "running", candidate: 9, reason: "waiting", model: "cartpole",
    baseline: 8, step: 2, steps: [0.5, 5, 25], weightPercent: 12.5, plan: "candidate: 9\n",
    gates: [
      V1.GateReading(
        gate: "kl<0.05", state: "passed", estimate: 0.25, lower: -1, upper: 1e-9, units: 77, note: "measured"),
      // Nothing, and a measured 0, are two things.
      V1.GateReading(gate: "agreement>0.95", state: "undecided"),
      V1.GateReading(gate: "return>-5", state: "failed", estimate: 0, lower: 0, upper: 0),
    ], candidateEpisodes: 101, stableEpisodes: 202, stepStartedMicroseconds: 1_700_000_000_000_001,
    createdMicroseconds: -2, endedMicroseconds: 3, who: "ops", revision: 1 << 40,
    events: [
      V1.RolloutEvent(
        rollout: "r1", kind: "rolled back", step: 3, weightPercent: 0.125, who: "docent-teacher", whenMicroseconds: -4,
        reason: "kl")
    ],
    rollouts: [
      V1.RolloutRecord(
        rollout: "r1", state: "rolled back", candidate: 7, baseline: 6, step: 1, steps: [1, 100], weightPercent: 1.5,
        plan: "p", reason: "kl", who: "ops", createdMicroseconds: 5, endedMicroseconds: 6),
      V1.RolloutRecord(rollout: "r0"),
    ])

  static let bodies: [V1.Body] = [
    .infer(
      V1.InferRequest(
        model: "cartpole", rows: 2, observations: [1, 2, 3, 4], version: 7, alias: "beta", deadlineMicroseconds: 1500,
        elementType: .uint8, want: [.outputs, .actions], episode: 12, leaseVersion: 6, minimumVersion: 5,
        actionMode: .sampled, actionSeed: .max, featuresLayer: "mlp.2")),
    .inferReply(
      V1.InferReply(
        version: 7, rows: 2, outputs: [0.1, 0.2, 0.3, 0.4], values: [1, 2], actions: [1, 0, 0, 0], features: [5],
        leaseMoved: true)),
    .status(WireStatus(.resourceExhausted, "too much: é", retryAfterMicroseconds: 250)),
    .cancel,
    .ping(0xfeed_face_cafe_beef),
    .pong(1),
    .hello(V1.Hello(protocolNumber: 1, client: "test", token: "secret", features: ["a", "b"])),
    .welcome(
      V1.Welcome(
        protocolNumber: 1, server: "teacher", frameBytesMax: 1, rowsPerCallMax: 2, callsInFlightMax: 3,
        rowsInFlightMax: 4, features: ["c"])),
    .goAway(V1.GoAway(lastCall: 17, status: WireStatus(.unavailable, "draining"))),
    .describe(V1.DescribeRequest(model: "m", version: 2, alias: "a")),
    .describeReply(V1.DescribeReply(model: model, version: version)),
    .health(V1.HealthRequest(model: "m", watch: true)),
    .healthReply(V1.HealthReply(serving: .notServing)),
    .listModels(V1.ListModelsRequest()),
    .listModelsReply(V1.ListModelsReply(models: [model, V1.Model(name: "empty")])),
    .alias(V1.AliasRequest(model: "m", alias: "stable", version: 3, reason: "why", requestID: "id-1")),
    .aliasReply(V1.AliasReply(from: 2, to: 3)),
    .history(V1.HistoryRequest(model: "m")),
    .historyReply(V1.HistoryReply(changes: [change])),
    .verify(V1.VerifyRequest(model: "m")),
    .verifyReply(
      V1.VerifyReply(results: [
        V1.VerifyResult(model: "m", version: 1, ok: true), V1.VerifyResult(model: "m", version: 2, problem: "bits"),
      ])),
    .publish(
      V1.PublishHeader(
        model: "m", artefactBytes: 70_000, sha256: [UInt8](repeating: 3, count: 32), lineage: lineage, golden: golden,
        requestID: "id-2")),
    .chunk(V1.Chunk(offset: 65_536, data: [UInt8](repeating: 7, count: 300))),
    .publishReply(V1.PublishReply(version: 8, sha256: [1, 2])),
    .fetch(V1.FetchRequest(model: "m", version: 1, alias: "a")),
    .fetchHeader(V1.FetchHeader(version: 1, artefactBytes: 2, sha256: [3], lineage: lineage, golden: golden)),
    .report(V1.ReportRequest(model: "m", version: 1, episode: 2, episodeReturn: 499.5, steps: 500)),
    .reportReply(V1.ReportReply()),
    .watch(V1.WatchRequest(model: "m")),
    .watchEvent(V1.WatchEvent(model: "m", .version(version))),
    .watchEvent(V1.WatchEvent(model: "m", .alias(change))),
    .watchEvent(V1.WatchEvent(model: "m", .rollout(rollout))),
    .rollout(
      V1.RolloutRequest(model: "m", action: .history, plan: "p", requestID: "id-3", reason: "slow", version: 1 << 33)),
    .rolloutReply(rollout),
  ]
}
