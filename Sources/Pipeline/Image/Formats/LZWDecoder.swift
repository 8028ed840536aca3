/// Decodes the compressed indices of a GIF frame (GIF89a, appendix F): codes of up to 12 bits, lowest bits
/// first, in blocks of up to 255 bytes.
struct LZWDecoder {
  struct Failure: Error {
    var offset: Int
    var what: String
  }

  private static let longestCode = 12
  private static let tableSize = 1 << longestCode

  private let bytes: [UInt8]
  private var position: Int
  private let literalBits: Int
  private var blockRemaining = 0
  private var bits: UInt32 = 0
  private var bitCount = 0

  /// For each code above the literals, the code of all but its last index, and that index.
  private var prefix = [UInt16](repeating: 0, count: tableSize)
  private var suffix = [UInt8](repeating: 0, count: tableSize)

  /// - Precondition: there is a byte at the offset, which says how many bits a literal has.
  init(_ bytes: [UInt8], at offset: Int) {
    self.bytes = bytes
    literalBits = Int(bytes[offset])
    position = offset + 1
  }

  /// The first `count` indices.
  mutating func indices(_ count: Int) throws(Failure) -> [UInt8] {
    guard literalBits <= Self.longestCode else { throw failure("codes are longer than 12 bits") }
    let clear = 1 << literalBits
    var indices: [UInt8] = []
    indices.reserveCapacity(count)
    var codeBits = literalBits + 1
    var next = clear + 2
    /// The code before this one, and the first index of what it stands for.
    var previous: (code: Int, first: UInt8)?
    var string: [UInt8] = []
    while indices.count < count {
      let code = try nextCode(codeBits)
      if code == clear {
        (codeBits, next, previous) = (literalBits + 1, clear + 2, nil)
        continue
      }
      guard code != clear + 1 else { throw failure("the pixels end early") }
      guard let (last, lastFirst) = previous else {
        guard code < clear else { throw failure("a code has no meaning") }
        let literal = UInt8(truncatingIfNeeded: code)
        indices.append(literal)
        previous = (code, literal)
        continue
      }
      guard code <= next else { throw failure("a code has no meaning") }
      string.removeAll(keepingCapacity: true)
      var link = code
      if code == next {
        string.append(lastFirst)
        link = last
      }
      while link >= clear {
        guard string.count < Self.tableSize, link < Self.tableSize else {
          throw failure("a code has no meaning")
        }
        string.append(suffix[link])
        link = Int(prefix[link])
      }
      let first = UInt8(truncatingIfNeeded: link)
      string.append(first)
      indices.append(contentsOf: string.reversed())
      if next < Self.tableSize {
        (prefix[next], suffix[next]) = (UInt16(last), first)
        if next == 1 << codeBits - 1, codeBits < Self.longestCode { codeBits += 1 }
        next += 1
      }
      previous = (code, first)
    }
    return indices.count == count ? indices : Array(indices.prefix(count))
  }

  private mutating func nextCode(_ length: Int) throws(Failure) -> Int {
    while bitCount < length {
      if blockRemaining == 0 {
        guard position < bytes.count else { throw failure("the pixels end early") }
        blockRemaining = Int(bytes[position])
        position += 1
        guard blockRemaining > 0, bytes.count - position >= blockRemaining else {
          throw failure("the pixels end early")
        }
      }
      bits |= UInt32(bytes[position]) << UInt32(bitCount)
      bitCount += 8
      position += 1
      blockRemaining -= 1
    }
    defer {
      bits >>= UInt32(length)
      bitCount -= length
    }
    return Int(bits & (1 << UInt32(length) - 1))
  }

  private func failure(_ what: String) -> Failure { Failure(offset: position, what: what) }
}
