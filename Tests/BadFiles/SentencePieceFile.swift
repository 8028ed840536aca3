/// A model to write: pieces with score and type, trainer and normalizer settings as field numbers.
struct SentencePieceFile: Sendable, CustomStringConvertible {
  var name = ""
  var message = ""
  var pieces: [(text: [UInt8], score: Float, type: UInt64)] = [
    (Array("<unk>".utf8), 0, 2), (Array("<s>".utf8), 0, 3), (Array("a".utf8), -3, 1),
    (Array("b".utf8), -4, 1), (Array("ab".utf8), -1, 1), (Array("ba".utf8), -2, 1),
    (Array("<u>".utf8), 0, 4),
  ]
  var trainer: [(field: Int, value: UInt64)] = [(3, 2)]
  var normalizer: [(field: Int, value: UInt64)] = [(3, 0), (4, 0)]
  var characterMap: [UInt8] = []

  var description: String { name }

  /// The message in protobuf's encoding.
  var bytes: [UInt8] {
    var result: [UInt8] = []
    for piece in pieces {
      let bits = piece.score.bitPattern
      let score = [0x15] + (0..<4).map { UInt8(truncatingIfNeeded: bits >> ($0 * 8)) }
      let message = Self.field(1, piece.text) + score + Self.field(3, piece.type)
      result += Self.field(1, message)
    }
    result += Self.field(2, trainer.flatMap { Self.field($0.field, $0.value) })
    let map = characterMap.isEmpty ? [] : Self.field(2, characterMap)
    return result + Self.field(3, normalizer.flatMap { Self.field($0.field, $0.value) } + map)
  }

  static func varint(_ value: UInt64) -> [UInt8] {
    value < 0x80
      ? [UInt8(value)] : [UInt8(truncatingIfNeeded: value) | 0x80] + varint(value >> 7)
  }

  static func field(_ number: Int, _ value: UInt64) -> [UInt8] {
    varint(UInt64(number) << 3) + varint(value)
  }

  static func field(_ number: Int, _ bytes: [UInt8]) -> [UInt8] {
    varint(UInt64(number) << 3 | 2) + varint(UInt64(bytes.count)) + bytes
  }

  static func fault(_ name: String, _ message: String, _ change: (inout Self) -> Void) -> Self {
    var model = Self(name: name, message: message)
    change(&model)
    return model
  }
}

extension SentencePieceFile {
  static let faults: [SentencePieceFile] = [
    .fault("a unigram model", "model_type") { $0.trainer = [(3, 1)] },
    .fault("no model type", "model_type") { $0.trainer = [] },
    .fault("an unknown model type", "model_type: 9") { $0.trainer = [(3, 9)] },
    .fault("white space as suffix", "suffix") { $0.trainer.append((24, 1)) },
    .fault("bytes without byte pieces", "byte pieces") { $0.trainer.append((35, 1)) },
    .fault("a byte piece without byte fallback", "byte pieces") {
      $0.pieces.append((Array("<0x41>".utf8), 0, 6))
    },
    .fault("256 byte pieces, one misspelt", "<0xFF>") { model in
      model.trainer.append((35, 1))
      for byte in UInt8.min...0xFE { model.pieces.append((bytePiece(byte), 0, 6)) }
      model.pieces.append((Array("<0xZZ>".utf8), 0, 6))
    },
    .fault("256 byte pieces, one of them an ordinary piece", "<0xFF>") { model in
      model.trainer.append((35, 1))
      for byte in UInt8.min...0xFE { model.pieces.append((bytePiece(byte), 0, 6)) }
      model.pieces.append((Array("<0xZZ>".utf8), 0, 6))
      model.pieces.append((bytePiece(0xFF), 0, 1))
    },
    .fault("a dummy prefix", "add_dummy_prefix") { $0.normalizer = [(4, 0)] },
    .fault("white space removed", "remove_extra") { $0.normalizer = [(3, 0)] },
    .fault("white space not escaped", "escape") { $0.normalizer.append((5, 0)) },
    .fault("a character map", "precompiled_charsmap") { $0.characterMap = [1, 2, 3] },
    .fault("no unknown piece", "0 unknown pieces") { $0.pieces[0].type = 1 },
    .fault("two unknown pieces", "2 unknown pieces") { $0.pieces[2].type = 2 },
    .fault("a piece twice", "listed twice") { $0.pieces[3].text = Array("a".utf8) },
    .fault("an empty piece", "0 bytes") { $0.pieces[3].text = [] },
    .fault("a piece with NUL", "NUL") { $0.pieces[3].text = [0x61, 0] },
    .fault("a piece that is no UTF-8", "not UTF-8") { $0.pieces[3].text = [0xFF] },
    .fault("a piece of 200 kB", "200000 bytes") {
      $0.pieces[3].text = [UInt8](repeating: 0x61, count: 200_000)
    },
    .fault("a score that is NaN", "score") { $0.pieces[3].score = .nan },
    .fault("an infinite score", "score") { $0.pieces[3].score = -.infinity },
    .fault("an unused piece", "unused") { $0.pieces[3].type = 5 },
    .fault("a piece of no type", "type 99") { $0.pieces[3].type = 99 },
    .fault("no pieces", "unknown pieces") { $0.pieces = [] },
  ]

  /// `<0x41>` of 0x41.
  static func bytePiece(_ byte: UInt8) -> [UInt8] {
    let digits = String(byte, radix: 16, uppercase: true)
    return Array("<0x\(digits.count == 1 ? "0" : "")\(digits)>".utf8)
  }
}
