import CWire

/// A query as it lies in the codec's arena: nothing is copied, and nothing of it may be used after the function that
/// was handed it returns.
///
/// Texts are UTF-8 bytes as they came, unchecked: they are compared with names that are known.
public struct InferRequestView {
  public let call: UInt32
  let raw: UnsafePointer<Docent__V1__InferRequest>

  public var model: UnsafeRawBufferPointer { Self.text(raw.pointee.model) }
  public var rows: Int { Int(raw.pointee.rows) }
  /// rows x observation width, of ``elementType``; not checked against either, and not aligned for it.
  public var observations: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: raw.pointee.observations.data, count: raw.pointee.observations.len)
  }
  /// 0: not pinned.
  public var version: UInt64 { raw.pointee.version }
  /// Empty: not named.
  public var alias: UnsafeRawBufferPointer { Self.text(raw.pointee.alias) }
  /// Microseconds left when the frame was written; 0: none.
  public var deadlineMicroseconds: UInt64 { raw.pointee.deadline_us }
  public var elementType: V1.ElementType { V1.ElementType(raw: raw.pointee.element_type.rawValue) }
  public var want: V1.Wanted { V1.Wanted(rawValue: raw.pointee.want) }
  public var episode: UInt64 { raw.pointee.episode }
  public var leaseVersion: UInt64 { raw.pointee.lease_version }
  public var minimumVersion: UInt64 { raw.pointee.minimum_version }
  public var actionMode: V1.ActionMode { V1.ActionMode(raw: raw.pointee.action_mode.rawValue) }
  public var actionSeed: UInt64 { raw.pointee.action_seed }
  public var featuresLayer: UnsafeRawBufferPointer { Self.text(raw.pointee.features_layer) }

  /// The query asks for no more than fp32 observations' parameters and values, of whichever version now answers.
  @inline(__always)
  public var isPlain: Bool { raw.pointee.lease_version == 0 && isPlainBesideLease }

  /// The same of a query that may name a lease.
  @inline(__always)
  public var isPlainBesideLease: Bool {
    let raw = raw.pointee
    return raw.element_type.rawValue | raw.action_mode.rawValue == 0 && raw.want & ~V1.Wanted.usual.rawValue == 0
      && raw.minimum_version | raw.version | raw.deadline_us == 0
      && raw.alias.pointee == 0 && raw.features_layer.pointee == 0
  }

  private static func text(_ raw: UnsafePointer<CChar>) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: raw, count: docent_text_length(raw))
  }
}

/// A reply as it lies in the codec's arena, for a client that copies the numbers to where it wants them.
public struct InferReplyView {
  public let call: UInt32
  let raw: UnsafePointer<Docent__V1__InferReply>

  /// The version that computed every row of this reply.
  public var version: UInt64 { raw.pointee.version }
  public var rows: Int { Int(raw.pointee.rows) }
  /// rows x parameter width, fp32; the bytes are 16-byte aligned, their number is not checked.
  public var outputs: UnsafeRawBufferPointer { Self.data(raw.pointee.outputs) }
  /// rows, fp32.
  public var values: UnsafeRawBufferPointer { Self.data(raw.pointee.values) }
  public var actions: UnsafeRawBufferPointer { Self.data(raw.pointee.actions) }
  public var features: UnsafeRawBufferPointer { Self.data(raw.pointee.features) }
  public var leaseMoved: Bool { raw.pointee.lease_moved != 0 }

  private static func data(_ raw: ProtobufCBinaryData) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: raw.data, count: raw.len)
  }
}

/// A reply that is to be written: the numbers are read where they are.
public struct InferReplyParts {
  /// What few replies carry.
  public struct Extras {
    /// Discrete: rows of int32; continuous: rows x action width, fp32.
    public var actions = UnsafeRawBufferPointer(start: nil, count: 0)
    /// Rows x the layer's width, fp32.
    public var features = UnsafeRawBufferPointer(start: nil, count: 0)
    public var leaseMoved = false

    public init() {}
  }

  /// The version that computed every row.
  public var version: UInt64
  public var rows: Int
  /// Rows x parameter width, fp32; empty where none are wanted.
  public var outputs: UnsafeRawBufferPointer
  /// Rows, fp32; empty where none are wanted.
  public var values: UnsafeRawBufferPointer
  public var extras: Extras?

  @inline(__always)
  public init(
    version: UInt64, rows: Int, outputs: UnsafeRawBufferPointer, values: UnsafeRawBufferPointer,
    extras: Extras? = nil
  ) {
    self.version = version
    self.rows = rows
    self.outputs = outputs
    self.values = values
    self.extras = extras
  }
}
