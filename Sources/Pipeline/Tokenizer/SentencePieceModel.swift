/// The parts of a SentencePiece `ModelProto` that decide how text is cut.
///
/// Field numbers are those of `sentencepiece_model.proto`; fields not named here only matter for
/// training and are skipped.
struct SentencePieceModel {
  struct Piece {
    var text: [UInt8] = []
    var score: Float = 0
    var kind = Kind.normal
  }

  enum Kind: Int32 {
    case normal = 1
    case unknown = 2
    case control = 3
    case userDefined = 4
    case unused = 5
    case byte = 6
  }

  /// A BPE model has this value in `TrainerSpec.model_type`.
  static let bytePairType: Int32 = 2

  /// Longest piece that is accepted: the number of its splits into two grows with it.
  static let longestPiece = 1024

  var pieces: [Piece] = []
  /// 1 (unigram) unless the file says otherwise.
  var modelType: Int32 = 1
  var byteFallback = false
  var treatsWhitespaceAsSuffix = false
  var beginID: Int32 = 1
  var addsDummyPrefix = true
  var removesExtraWhitespaces = true
  var escapesWhitespaces = true
  /// A compiled table of text replacements stands in the normalizer or the denormalizer.
  var hasCharacterMap = false

  /// - Parameter limit: largest number of pieces.
  init(_ bytes: [UInt8], limit: Int) throws(TokenizerError) {
    var reader = ProtobufReader(bytes[...])
    while let field = try reader.next() {
      switch field.number {
      case 1:
        guard pieces.count < limit else {
          throw .invalid(field: "pieces", problem: "more than \(limit)")
        }
        pieces.append(try Piece(field))
      case 2: try readTrainer(field.bytes())
      case 3: try readNormalizer(field.bytes())
      case 5: try readDenormalizer(field.bytes())
      default: break
      }
    }
  }

  private mutating func readTrainer(_ bytes: ArraySlice<UInt8>) throws(TokenizerError) {
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      switch field.number {
      case 3: modelType = try field.int32()
      case 24: treatsWhitespaceAsSuffix = try field.bool()
      case 35: byteFallback = try field.bool()
      case 41: beginID = try field.int32()
      default: break
      }
    }
  }

  private mutating func readNormalizer(_ bytes: ArraySlice<UInt8>) throws(TokenizerError) {
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      switch field.number {
      case 2: if try !field.bytes().isEmpty { hasCharacterMap = true }
      case 3: addsDummyPrefix = try field.bool()
      case 4: removesExtraWhitespaces = try field.bool()
      case 5: escapesWhitespaces = try field.bool()
      default: break
      }
    }
  }

  private mutating func readDenormalizer(_ bytes: ArraySlice<UInt8>) throws(TokenizerError) {
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      if field.number == 2, try !field.bytes().isEmpty { hasCharacterMap = true }
    }
  }
}

extension SentencePieceModel.Piece {
  /// Reads one element of `pieces`: a text that is not empty, UTF-8 without NUL, a finite score.
  init(_ piece: ProtobufReader.Field) throws(TokenizerError) {
    var reader = ProtobufReader(try piece.bytes())
    while let field = try reader.next() {
      switch field.number {
      case 1: text = Array(try field.bytes())
      case 2: score = try field.float()
      case 3:
        let type = try field.int32()
        guard let kind = SentencePieceModel.Kind(rawValue: type) else {
          throw .malformed(offset: field.offset, problem: "no piece has the type \(type)")
        }
        self.kind = kind
      default: break
      }
    }
    guard (1...SentencePieceModel.longestPiece).contains(text.count) else {
      throw .malformed(
        offset: piece.offset,
        problem: "a piece of \(text.count) bytes; 1 to \(SentencePieceModel.longestPiece) are legal"
      )
    }
    guard !text.contains(0), String(validating: text, as: UTF8.self) != nil else {
      throw .malformed(offset: piece.offset, problem: "a piece that is not UTF-8 or holds a NUL")
    }
    guard score.isFinite else {
      throw .malformed(offset: piece.offset, problem: "a piece with the score \(score)")
    }
  }
}
