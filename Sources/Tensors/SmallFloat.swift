/// A floating-point format of at most 8 bits: sign, exponent, fraction, from the highest bit on.
///
/// The formats are those of Micikevicius et al., "FP8 Formats for Deep Learning" (2022), their variants
/// without infinities and negative zero (`fnuz`), and the 4-bit one of the OCP Microscaling
/// specification (2023).
public struct SmallFloat: Sendable {
  let exponentBits: Int
  let fractionBits: Int
  let bias: Int
  /// Bits of the largest finite value.
  let largest: UInt8
  /// Bits of a NaN; nil for a format without.
  let nan: UInt8?
  let hasNegativeZero: Bool

  public static let e4m3 = SmallFloat(
    exponentBits: 4, fractionBits: 3, bias: 7, largest: 0x7E, nan: 0x7F, hasNegativeZero: true)
  public static let e5m2 = SmallFloat(
    exponentBits: 5, fractionBits: 2, bias: 15, largest: 0x7B, nan: 0x7F, hasNegativeZero: true)
  public static let e4m3fnuz = SmallFloat(
    exponentBits: 4, fractionBits: 3, bias: 8, largest: 0x7F, nan: 0x80, hasNegativeZero: false)
  public static let e5m2fnuz = SmallFloat(
    exponentBits: 5, fractionBits: 2, bias: 16, largest: 0x7F, nan: 0x80, hasNegativeZero: false)
  public static let e2m1 = SmallFloat(
    exponentBits: 2, fractionBits: 1, bias: 1, largest: 0x7, nan: nil, hasNegativeZero: true)

  private var signBit: UInt8 { 1 << UInt8(exponentBits + fractionBits) }

  /// The largest finite value.
  public var greatestFinite: Float { value(of: largest) }

  /// The distance between the largest finite value and the one before it.
  public var lastPlace: Float { greatestFinite - value(of: largest - 1) }

  /// The value that bits stand for.
  public func value(of bits: UInt8) -> Float {
    let magnitude = bits & (signBit - 1)
    if bits == nan || (hasNegativeZero && nan != nil && magnitude > infinity) { return .nan }
    let isNegative = bits & signBit != 0
    var result: Float
    if magnitude > largest {
      result = .infinity
    } else {
      let (exponent, fraction) = (Int(magnitude) >> fractionBits, Int(magnitude) & fractionMask)
      let significand = exponent == 0 ? fraction : fraction | 1 << fractionBits
      result = Float(significand) * scale(max(exponent, 1))
    }
    return isNegative ? -result : result
  }

  /// Bits between the largest finite value and the NaNs, where the format has infinities; otherwise
  /// those of the largest value.
  private var infinity: UInt8 { largest < 0x7C && exponentBits == 5 ? 0x7C : largest }

  private var fractionMask: Int { 1 << fractionBits - 1 }

  /// The value of a fraction's last bit for a biased exponent.
  private func scale(_ exponent: Int) -> Float {
    Float(sign: .plus, exponent: exponent - bias - fractionBits, significand: 1)
  }

  /// Bits of the nearest value, ties to the even fraction. What is beyond the largest finite value is
  /// that value, and so is infinity in a format without; NaN is zero in a format without.
  public func bits(of value: Float) -> UInt8 {
    if value.isNaN { return nan ?? 0 }
    let magnitude = magnitudeBits(abs(value))
    let isNegative = value.sign == .minus && (hasNegativeZero || magnitude != 0)
    return isNegative ? magnitude | signBit : magnitude
  }

  private func magnitudeBits(_ value: Float) -> UInt8 {
    guard value.isFinite else { return infinity }
    guard value < greatestFinite else { return largest }
    guard value > 0 else { return 0 }
    let exponent = max(Int(value.exponent) + bias, 1)
    let significand = Int((value / scale(exponent)).rounded(.toNearestOrEven))
    // A significand that was rounded up to the next power of two carries into the exponent.
    return min(UInt8((exponent - 1) << fractionBits + significand), largest)
  }
}

extension ElementType {
  /// The format of elements that Swift has no type for.
  public var smallFloat: SmallFloat? {
    switch self {
    case .f8e4m3: .e4m3
    case .f8e5m2: .e5m2
    case .f8e4m3fnuz: .e4m3fnuz
    case .f8e5m2fnuz: .e5m2fnuz
    case .f4e2m1: .e2m1
    default: nil
    }
  }
}
