/// A float of 8 exponent and 7 fraction bits: the upper half of a `Float`.
public struct BFloat16: Sendable, Hashable, BitwiseCopyable {
  public var bitPattern: UInt16

  public init(bitPattern: UInt16) {
    self.bitPattern = bitPattern
  }

  /// The nearest value, ties to the even fraction. Overflow gives infinity; a NaN stays a NaN of
  /// its sign and becomes quiet.
  public init(_ value: Float) {
    let bits = value.bitPattern
    if value.isNaN {
      bitPattern = UInt16(bits >> 16) | 0x40
    } else {
      let tie = (bits >> 16) & 1
      bitPattern = UInt16((bits + 0x7FFF + tie) >> 16)
    }
  }
}

extension Float {
  /// The same value.
  public init(_ value: BFloat16) {
    self.init(bitPattern: UInt32(value.bitPattern) << 16)
  }
}
