import CXXHash

/// XXH3, the hash of plan files: quick, and the same on every machine.
public enum Digest {
  /// 16 hexadecimal digits.
  public static func hexadecimal(of text: String) -> String {
    var text = text
    return text.withUTF8 { bytes in
      let digits = String(XXH3_64bits(bytes.baseAddress, bytes.count), radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }
  }
}
