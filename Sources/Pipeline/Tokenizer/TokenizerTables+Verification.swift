extension TokenizerTables {
  /// Checks every entry of every table, for those who want to know that a plan's tokenizer is sound
  /// rather than merely safe to use. Reads all of it.
  ///
  /// - Throws: `TokenizerError.table` naming the first table with an entry that points outside.
  public func verify() throws(TokenizerError) {
    let findings = withView { view in
      [
        (Table.pieceOffsets, view.firstBadOffset), (.characterPages, view.firstBadPage),
        (.characters, view.characters.firstIndex { !view.isIDOrNone($0) }),
        (.bytePieces, view.bytePieces.firstIndex { !view.isIDOrNone($0) }),
        (.merges, view.firstBadMerge), (.rawTokens, view.firstBadNode(view.rawTokens)),
        (.normalizedTokens, view.firstBadNode(view.normalizedTokens)),
      ]
    }
    for case (let table, let index?) in findings {
      throw .table(name: table.name, problem: "entry \(index) points outside the tables")
    }
  }
}

extension TokenizerView {
  fileprivate func isIDOrNone(_ id: Int32) -> Bool { id >= -1 && id < vocabularySize }

  /// Offsets begin at 0, never fall and end with the pieces.
  fileprivate var firstBadOffset: Int? {
    let last = pieceOffsets.count - 1
    return (0...last).first { index in
      switch index {
      case 0 where pieceOffsets[0] != 0: true
      case last where pieceOffsets[last] != pieces.count: true
      default: index > 0 && pieceOffsets[index] < pieceOffsets[index - 1]
      }
    }
  }

  fileprivate var firstBadPage: Int? {
    let pages = characters.count / CharacterTable.pageSize
    return characterPages.firstIndex { $0 < -1 || $0 >= pages }
  }

  /// Rows are empty or hold three ids and a rank.
  fileprivate var firstBadMerge: Int? {
    (0..<mergeSlots).first { slot in
      let row = slot * MergeTable.rowWidth
      guard merges[row] != -1 else { return false }
      return [merges[row], merges[row + 1], merges[row + 3]].contains {
        $0 < 0 || $0 >= vocabularySize
      }
    }
  }

  /// Children come after their parent, in the order of the parents, within the rows.
  fileprivate func firstBadNode(_ trie: TrieView) -> Int? {
    let nodes = trie.rows.count / AddedTokenTrie.rowWidth
    return (0..<nodes).first { node in
      let row = node * AddedTokenTrie.rowWidth
      let first = Int(trie.rows[row + 1])
      let isOrdered = node == 0 || first >= trie.rows[row + 1 - AddedTokenTrie.rowWidth]
      let isInside = node == nodes - 1 ? first == node : first > node && first < nodes
      return !isOrdered || !isInside || !isIDOrNone(trie.rows[row + 2])
    }
  }
}

extension IntTable {
  fileprivate func firstIndex(where matches: (Int32) -> Bool) -> Int? {
    (0..<count).first { matches(self[$0]) }
  }
}
