import CWire

extension V1.Body {
  /// Throws ``FieldFault`` where a field of the message cannot be read.
  init(_ raw: borrowing Docent__V1__Frame) throws(FieldFault) {
    switch raw.body_case {
    case DOCENT__V1__FRAME__BODY_INFER: self = .infer(try V1.InferRequest(raw.infer.pointee))
    case DOCENT__V1__FRAME__BODY_INFER_REPLY: self = .inferReply(try V1.InferReply(raw.infer_reply.pointee))
    case DOCENT__V1__FRAME__BODY_STATUS: self = .status(try statusOrOK(raw.status))
    case DOCENT__V1__FRAME__BODY_CANCEL: self = .cancel
    case DOCENT__V1__FRAME__BODY_PING: self = .ping(raw.ping.pointee.payload)
    case DOCENT__V1__FRAME__BODY_PONG: self = .pong(raw.pong.pointee.payload)
    case DOCENT__V1__FRAME__BODY_HELLO: self = .hello(try V1.Hello(raw.hello.pointee))
    case DOCENT__V1__FRAME__BODY_WELCOME: self = .welcome(try V1.Welcome(raw.welcome.pointee))
    case DOCENT__V1__FRAME__BODY_GO_AWAY: self = .goAway(try V1.GoAway(raw.go_away.pointee))
    case DOCENT__V1__FRAME__BODY_DESCRIBE: self = .describe(try V1.DescribeRequest(raw.describe.pointee))
    case DOCENT__V1__FRAME__BODY_DESCRIBE_REPLY: self = .describeReply(try V1.DescribeReply(raw.describe_reply.pointee))
    case DOCENT__V1__FRAME__BODY_HEALTH: self = .health(try V1.HealthRequest(raw.health.pointee))
    case DOCENT__V1__FRAME__BODY_HEALTH_REPLY: self = .healthReply(try V1.HealthReply(raw.health_reply.pointee))
    case DOCENT__V1__FRAME__BODY_LIST_MODELS: self = .listModels(try V1.ListModelsRequest(raw.list_models.pointee))
    case DOCENT__V1__FRAME__BODY_LIST_MODELS_REPLY:
      self = .listModelsReply(try V1.ListModelsReply(raw.list_models_reply.pointee))
    case DOCENT__V1__FRAME__BODY_ALIAS: self = .alias(try V1.AliasRequest(raw.alias.pointee))
    case DOCENT__V1__FRAME__BODY_ALIAS_REPLY: self = .aliasReply(try V1.AliasReply(raw.alias_reply.pointee))
    case DOCENT__V1__FRAME__BODY_HISTORY: self = .history(try V1.HistoryRequest(raw.history.pointee))
    case DOCENT__V1__FRAME__BODY_HISTORY_REPLY: self = .historyReply(try V1.HistoryReply(raw.history_reply.pointee))
    case DOCENT__V1__FRAME__BODY_VERIFY: self = .verify(try V1.VerifyRequest(raw.verify.pointee))
    case DOCENT__V1__FRAME__BODY_VERIFY_REPLY: self = .verifyReply(try V1.VerifyReply(raw.verify_reply.pointee))
    case DOCENT__V1__FRAME__BODY_PUBLISH: self = .publish(try V1.PublishHeader(raw.publish.pointee))
    case DOCENT__V1__FRAME__BODY_CHUNK: self = .chunk(try V1.Chunk(raw.chunk.pointee))
    case DOCENT__V1__FRAME__BODY_PUBLISH_REPLY: self = .publishReply(try V1.PublishReply(raw.publish_reply.pointee))
    case DOCENT__V1__FRAME__BODY_FETCH: self = .fetch(try V1.FetchRequest(raw.fetch.pointee))
    case DOCENT__V1__FRAME__BODY_FETCH_HEADER: self = .fetchHeader(try V1.FetchHeader(raw.fetch_header.pointee))
    case DOCENT__V1__FRAME__BODY_REPORT: self = .report(try V1.ReportRequest(raw.report.pointee))
    case DOCENT__V1__FRAME__BODY_REPORT_REPLY: self = .reportReply(try V1.ReportReply(raw.report_reply.pointee))
    case DOCENT__V1__FRAME__BODY_WATCH: self = .watch(try V1.WatchRequest(raw.watch.pointee))
    case DOCENT__V1__FRAME__BODY_WATCH_EVENT: self = .watchEvent(try V1.WatchEvent(raw.watch_event.pointee))
    case DOCENT__V1__FRAME__BODY_ROLLOUT: self = .rollout(try V1.RolloutRequest(raw.rollout.pointee))
    case DOCENT__V1__FRAME__BODY_ROLLOUT_REPLY: self = .rolloutReply(try V1.RolloutReply(raw.rollout_reply.pointee))
    default: self = .unrecognized
    }
  }

  /// Points a frame at this message, packed into the arena.
  func pack(into raw: UnsafeMutablePointer<Docent__V1__Frame>, _ arena: borrowing Arena) {
    switch self {
    case .unrecognized:
      raw.pointee.body_case = DOCENT__V1__FRAME__BODY__NOT_SET
    case .infer(let message):
      raw.pointee.body_case = DOCENT__V1__FRAME__BODY_INFER
      raw.pointee.infer = message.packed(arena)
    case .inferReply(let message):
      raw.pointee.body_case = DOCENT__V1__FRAME__BODY_INFER_REPLY
      raw.pointee.infer_reply = message.packed(arena)
    case .status(let message):
      raw.pointee.body_case = DOCENT__V1__FRAME__BODY_STATUS
      raw.pointee.status = message.packed(arena)
    case .cancel:
      raw.pointee.body_case = DOCENT__V1__FRAME__BODY_CANCEL
      raw.pointee.cancel = arena.make(Docent__V1__Cancel.self, docent__v1__cancel__init)
    case .ping(let message):
      raw.pointee.body_case = DOCENT__V1__FRAME__BODY_PING
      raw.pointee.ping = arena.make(Docent__V1__Ping.self, docent__v1__ping__init)
      raw.pointee.ping.pointee.payload = message
    case .pong(let message):
      raw.pointee.body_case = DOCENT__V1__FRAME__BODY_PONG
      raw.pointee.pong = arena.make(Docent__V1__Pong.self, docent__v1__pong__init)
      raw.pointee.pong.pointee.payload = message
    case .hello(let message):
      raw.pointee.body_case = DOCENT__V1__FRAME__BODY_HELLO
      raw.pointee.hello = message.packed(arena)
    case .welcome(let message):
      raw.pointee.body_case = DOCENT__V1__FRAME__BODY_WELCOME
      raw.pointee.welcome = message.packed(arena)
    case .goAway(let message):
      raw.pointee.body_case = DOCENT__V1__FRAME__BODY_GO_AWAY
      raw.pointee.go_away = message.packed(arena)
    case .describe(let message):
      raw.pointee.body_case = DOCENT__V1__FRAME__BODY_DESCRIBE
      raw.pointee.describe = message.packed(arena)
    case .describeReply(let message):
      raw.pointee.body_case = DOCENT__V1__FRAME__BODY_DESCRIBE_REPLY
      raw.pointee.describe_reply = message.packed(arena)
    case .health(let message):
      raw.pointee.body_case = DOCENT__V1__FRAME__BODY_HEALTH
      raw.pointee.health = message.packed(arena)
    case .healthReply(let message):
      raw.pointee.body_case = DOCENT__V1__FRAME__BODY_HEALTH_REPLY
      raw.pointee.health_reply = message.packed(arena)
    case .listModels(let message):
      raw.pointee.body_case = DOCENT__V1__FRAME__BODY_LIST_MODELS
      raw.pointee.list_models = message.packed(arena)
    case .listModelsReply(let message):
      raw.pointee.body_case = DOCENT__V1__FRAME__BODY_LIST_MODELS_REPLY
      raw.pointee.list_models_reply = message.packed(arena)
    case .alias(let message):
      raw.pointee.body_case = DOCENT__V1__FRAME__BODY_ALIAS
      raw.pointee.alias = message.packed(arena)
    case .aliasReply(let message):
      raw.pointee.body_case = DOCENT__V1__FRAME__BODY_ALIAS_REPLY
      raw.pointee.alias_reply = message.packed(arena)
    case .history(let message):
      raw.pointee.body_case = DOCENT__V1__FRAME__BODY_HISTORY
      raw.pointee.history = message.packed(arena)
    case .historyReply(let message):
      raw.pointee.body_case = DOCENT__V1__FRAME__BODY_HISTORY_REPLY
      raw.pointee.history_reply = message.packed(arena)
    case .verify(let message):
      raw.pointee.body_case = DOCENT__V1__FRAME__BODY_VERIFY
      raw.pointee.verify = message.packed(arena)
    case .verifyReply(let message):
      raw.pointee.body_case = DOCENT__V1__FRAME__BODY_VERIFY_REPLY
      raw.pointee.verify_reply = message.packed(arena)
    case .publish(let message):
      raw.pointee.body_case = DOCENT__V1__FRAME__BODY_PUBLISH
      raw.pointee.publish = message.packed(arena)
    case .chunk(let message):
      raw.pointee.body_case = DOCENT__V1__FRAME__BODY_CHUNK
      raw.pointee.chunk = message.packed(arena)
    case .publishReply(let message):
      raw.pointee.body_case = DOCENT__V1__FRAME__BODY_PUBLISH_REPLY
      raw.pointee.publish_reply = message.packed(arena)
    case .fetch(let message):
      raw.pointee.body_case = DOCENT__V1__FRAME__BODY_FETCH
      raw.pointee.fetch = message.packed(arena)
    case .fetchHeader(let message):
      raw.pointee.body_case = DOCENT__V1__FRAME__BODY_FETCH_HEADER
      raw.pointee.fetch_header = message.packed(arena)
    case .report(let message):
      raw.pointee.body_case = DOCENT__V1__FRAME__BODY_REPORT
      raw.pointee.report = message.packed(arena)
    case .reportReply(let message):
      raw.pointee.body_case = DOCENT__V1__FRAME__BODY_REPORT_REPLY
      raw.pointee.report_reply = message.packed(arena)
    case .watch(let message):
      raw.pointee.body_case = DOCENT__V1__FRAME__BODY_WATCH
      raw.pointee.watch = message.packed(arena)
    case .watchEvent(let message):
      raw.pointee.body_case = DOCENT__V1__FRAME__BODY_WATCH_EVENT
      raw.pointee.watch_event = message.packed(arena)
    case .rollout(let message):
      raw.pointee.body_case = DOCENT__V1__FRAME__BODY_ROLLOUT
      raw.pointee.rollout = message.packed(arena)
    case .rolloutReply(let message):
      raw.pointee.body_case = DOCENT__V1__FRAME__BODY_ROLLOUT_REPLY
      raw.pointee.rollout_reply = message.packed(arena)
    }
  }
}
