import CWire

extension V1.Hello: WireMessage {
  init(_ raw: Docent__V1__Hello) throws(FieldFault) {
    self.init(
      protocolNumber: Int(raw.protocol),
      client: try text(raw.client, "hello.client"),
      token: try text(raw.token, "hello.token"),
      features: try texts(raw.features, raw.n_features, "hello.features"))
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__Hello> {
    let raw = arena.make(Docent__V1__Hello.self, docent__v1__hello__init)
    raw.pointee.protocol = UInt32(clamping: protocolNumber)
    raw.pointee.client = arena.text(client)
    raw.pointee.token = arena.text(token)
    (raw.pointee.features, raw.pointee.n_features) = arena.texts(features)
    return raw
  }
}

extension V1.Welcome: WireMessage {
  init(_ raw: Docent__V1__Welcome) throws(FieldFault) {
    self.init(
      protocolNumber: Int(raw.protocol),
      server: try text(raw.server, "welcome.server"),
      frameBytesMax: Int(raw.frame_bytes_max),
      rowsPerCallMax: Int(raw.rows_per_call_max),
      callsInFlightMax: Int(raw.calls_in_flight_max),
      rowsInFlightMax: Int(raw.rows_in_flight_max),
      features: try texts(raw.features, raw.n_features, "welcome.features"))
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__Welcome> {
    let raw = arena.make(Docent__V1__Welcome.self, docent__v1__welcome__init)
    raw.pointee.protocol = UInt32(clamping: protocolNumber)
    raw.pointee.server = arena.text(server)
    raw.pointee.frame_bytes_max = UInt32(clamping: frameBytesMax)
    raw.pointee.rows_per_call_max = UInt32(clamping: rowsPerCallMax)
    raw.pointee.calls_in_flight_max = UInt32(clamping: callsInFlightMax)
    raw.pointee.rows_in_flight_max = UInt32(clamping: rowsInFlightMax)
    (raw.pointee.features, raw.pointee.n_features) = arena.texts(features)
    return raw
  }
}

extension V1.GoAway: WireMessage {
  init(_ raw: Docent__V1__GoAway) throws(FieldFault) {
    self.init(
      lastCall: raw.last_call,
      status: try statusOrOK(raw.status))
  }

  func packed(_ arena: borrowing Arena) -> UnsafeMutablePointer<Docent__V1__GoAway> {
    let raw = arena.make(Docent__V1__GoAway.self, docent__v1__go_away__init)
    raw.pointee.last_call = lastCall
    raw.pointee.status = status.packed(arena)
    return raw
  }
}
