import NIOCore
import NIOHTTP1

/// One connection of the metrics endpoint.
final class MetricsHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let patience: TimeAmount
  private let snapshot: @Sendable () async -> ServiceSnapshot
  private var request: HTTPRequestHead?
  /// Ends a connection on which nothing gets done: the clock of a request, then that of its answer. It is not set back
  /// by every byte, or a client could send one now and then for ever.
  private var timer: Scheduled<Void>?

  init(patience: TimeAmount, snapshot: @escaping @Sendable () async -> ServiceSnapshot) {
    self.patience = patience
    self.snapshot = snapshot
  }

  // MARK: The connection

  func handlerAdded(context: ChannelHandlerContext) {
    if context.channel.isActive { startTimer(context) }
  }

  func channelActive(context: ChannelHandlerContext) {
    startTimer(context)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    stopTimer()
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    stopTimer()
  }

  /// Also where the request was no HTTP: NIO has answered 400 to that.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  private func startTimer(_ context: ChannelHandlerContext) {
    stopTimer()
    let channel = context.channel
    timer = context.eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
  }

  private func stopTimer() {
    timer?.cancel()
    timer = nil
  }

  // MARK: Requests

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): request = head
    case .body: break
    case .end:
      guard let head = request else { return }
      request = nil
      startTimer(context)
      answer(head, context)
    }
  }

  private func answer(_ request: HTTPRequestHead, _ context: ChannelHandlerContext) {
    guard request.uri.prefix(while: { $0 != "?" }) == "/metrics" else {
      return send(.notFound, "not found, expected /metrics\n", to: request, context)
    }
    guard request.method == .GET || request.method == .HEAD else {
      return send(
        .methodNotAllowed, "\(request.method) is not answered, expected GET or HEAD\n",
        headers: [("allow", "GET, HEAD")], to: request, context)
    }
    let snapshot = snapshot
    let eventLoop = context.eventLoop
    let bound = NIOLoopBound((self, context), eventLoop: eventLoop)
    Task {
      let text = PrometheusText.render(await snapshot())
      eventLoop.execute {
        let (handler, context) = bound.value
        // The client may have gone meanwhile, or the timer have closed.
        guard context.channel.isActive else { return }
        handler.send(.ok, text, contentType: PrometheusText.contentType, to: request, context)
      }
    }
  }

  private func send(
    _ status: HTTPResponseStatus, _ text: String, contentType: String = "text/plain; charset=utf-8",
    headers more: [(String, String)] = [], to request: HTTPRequestHead, _ context: ChannelHandlerContext
  ) {
    let body = ByteBuffer(string: text)
    var headers: HTTPHeaders = ["content-type": contentType, "content-length": "\(body.readableBytes)"]
    headers.add(contentsOf: more)
    if !request.isKeepAlive { headers.add(name: "connection", value: "close") }
    context.write(
      wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))), promise: nil)
    if request.method != .HEAD { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
    let sent = context.eventLoop.makePromise(of: Void.self)
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    sent.futureResult.whenSuccess {
      let (handler, context) = bound.value
      if request.isKeepAlive { handler.startTimer(context) } else { context.close(promise: nil) }
    }
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: sent)
  }
}
