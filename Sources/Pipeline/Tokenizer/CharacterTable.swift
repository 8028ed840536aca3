/// The pieces of one Unicode scalar, found by its value: a page number per 256 scalars (−1: none of
/// them is a piece), and per page 256 ids (−1: no piece).
enum CharacterTable {
  static let pageSize = 256
  static let pageCount = 0x11_0000 / pageSize

  static func build(_ vocabulary: [[UInt8]?]) -> (pages: [Int32], ids: [Int32]) {
    var pages = [Int32](repeating: -1, count: pageCount)
    var ids: [Int32] = []
    for (id, piece) in vocabulary.enumerated() {
      guard let piece, let first = piece.first, utf8Length(leading: first) == piece.count,
        let scalar = firstScalar(of: piece[...])
      else { continue }
      let page = Int(scalar.value) / pageSize
      if pages[page] == -1 {
        pages[page] = Int32(ids.count / pageSize)
        ids += [Int32](repeating: -1, count: pageSize)
      }
      ids[Int(pages[page]) * pageSize + Int(scalar.value) % pageSize] = Int32(id)
    }
    return (pages, ids)
  }
}
