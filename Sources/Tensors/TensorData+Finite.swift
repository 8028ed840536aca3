extension TensorData {
  /// How many elements are NaN or +∞; 0 for integers. -∞ does not count: masks consist of it.
  public var notFiniteCount: Int {
    switch elementType {
    case .f64: count(exponent: 0x7ff0_0000_0000_0000 as UInt64)
    case .f32: count(exponent: 0x7f80_0000 as UInt32)
    case .bf16: count(exponent: 0x7f80 as UInt16)
    case .f16: count(exponent: 0x7c00 as UInt16)
    default:
      elementType.isFloatingPoint ? floats().count { !$0.isFinite && $0 != -.infinity } : 0
    }
  }

  /// Elements all of whose exponent's bits are set, but for the one that has only these and the sign.
  private func count<Bits: FixedWidthInteger>(exponent: Bits) -> Int {
    let mask = exponent | 1 << (Bits.bitWidth - 1)
    return withUnsafeBytes { bytes in
      let size = MemoryLayout<Bits>.size
      var count = 0
      // Every compile goes through all weights: without checks for overflow these are vectors.
      for index in 0..<elementCount {
        let value = bytes.loadUnaligned(fromByteOffset: index &* size, as: Bits.self)
        count &+= (value & exponent == exponent ? 1 : 0) & (value != mask ? 1 : 0)
      }
      return count
    }
  }
}
