extension V1 {
  /// One frame: the call that it belongs to, and what it says.
  public struct Frame: Hashable, Sendable {
    /// Counted by the client from 1, strictly increasing; 0 is the connection itself.
    public var call: UInt32
    public var body: Body

    public init(call: UInt32 = 0, _ body: Body) {
      self.call = call
      self.body = body
    }
  }

  /// What a frame says.
  public enum Body: Hashable, Sendable {
    /// A message of a newer schema, or none.
    case unrecognized
    case infer(InferRequest)
    case inferReply(InferReply)
    /// Ends a call that failed.
    case status(WireStatus)
    /// Gives up a call: its caller is answered CANCELLED.
    case cancel
    /// Asks for the same number back.
    case ping(UInt64)
    case pong(UInt64)
    case hello(Hello)
    case welcome(Welcome)
    case goAway(GoAway)
    case describe(DescribeRequest)
    case describeReply(DescribeReply)
    case health(HealthRequest)
    case healthReply(HealthReply)
    case listModels(ListModelsRequest)
    case listModelsReply(ListModelsReply)
    case alias(AliasRequest)
    case aliasReply(AliasReply)
    case history(HistoryRequest)
    case historyReply(HistoryReply)
    case verify(VerifyRequest)
    case verifyReply(VerifyReply)
    case publish(PublishHeader)
    case chunk(Chunk)
    case publishReply(PublishReply)
    case fetch(FetchRequest)
    case fetchHeader(FetchHeader)
    case report(ReportRequest)
    case reportReply(ReportReply)
    case watch(WatchRequest)
    case watchEvent(WatchEvent)
    case rollout(RolloutRequest)
    case rolloutReply(RolloutReply)
  }
}
