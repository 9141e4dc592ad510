extension Unicode.Scalar {
  /// Neither a control character, nor one that breaks a line or turns its direction: what comes from elsewhere steers
  /// neither a log's lines nor a terminal by it.
  package var isPrintable: Bool {
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: false
    default: true
    }
  }
}
