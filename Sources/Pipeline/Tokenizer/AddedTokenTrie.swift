/// The added tokens' texts as a trie in one array: rows of (byte, first child, id, flags) in
/// breadth-first order, so that a node's children are neighbours, sorted by byte, and end where the
/// next node's begin. Row 0 is the root; a last row closes the children of the one before. `id` is −1
/// where no text ends.
enum AddedTokenTrie {
  static let rowWidth = 4

  struct Flags: OptionSet {
    var rawValue: Int32
    static let special = Flags(rawValue: 1)
    static let stripsLeft = Flags(rawValue: 2)
    static let stripsRight = Flags(rawValue: 4)
    static let singleWord = Flags(rawValue: 8)
  }

  private struct Node {
    var children: [UInt8: Int] = [:]
    var token: AddedToken?
  }

  /// - Parameter tokens: the texts to match, which may differ from the tokens' contents. Of equal
  ///   texts the first counts.
  static func build(_ tokens: [(text: [UInt8], token: AddedToken)]) -> [Int32] {
    var nodes = [Node()]
    for (text, token) in tokens {
      var node = 0
      for byte in text {
        if let child = nodes[node].children[byte] {
          node = child
        } else {
          nodes.append(Node())
          nodes[node].children[byte] = nodes.count - 1
          node = nodes.count - 1
        }
      }
      if nodes[node].token == nil { nodes[node].token = token }
    }
    return flatten(nodes)
  }

  private static func flatten(_ nodes: [Node]) -> [Int32] {
    var order: [(byte: UInt8, node: Int)] = [(0, 0)]
    var rows: [Int32] = []
    var visited = 0
    while visited < order.count {
      let (byte, index) = order[visited]
      let node = nodes[index]
      rows += [
        Int32(byte), Int32(order.count), node.token?.id ?? -1, node.token.map(flags)?.rawValue ?? 0,
      ]
      order += node.children.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
      visited += 1
    }
    return rows + [0, Int32(order.count), -1, 0]
  }

  private static func flags(_ token: AddedToken) -> Flags {
    var flags: Flags = []
    if token.special { flags.insert(.special) }
    if token.stripsLeft { flags.insert(.stripsLeft) }
    if token.stripsRight { flags.insert(.stripsRight) }
    if token.singleWord { flags.insert(.singleWord) }
    return flags
  }
}
