import Compiler
import Inputs

/// What somebody who wrote a word that does not exist may have meant.
enum Suggestion {
  /// ` (did you mean 'NAME'?)` for the known name that is nearest, or nothing when none is near.
  static func text(for word: String, among names: [String]) -> String {
    nearest(to: word, among: names).map { " (did you mean '\($0)'?)" } ?? ""
  }

  /// The known name that is nearest, nil when none is near.
  static func nearest(to word: String, among names: [String]) -> String? {
    let limit = max(1, word.count / 3)
    let near = names.map { ($0, distance(word, $0)) }.filter { $0.1 <= limit || begins($0.0, word) }
    return near.min { $0.1 < $1.1 }?.0
  }

  /// The message for an unknown pass, with the most similar name if there is one.
  static func unknownPass(_ name: String) -> String {
    let guess = text(for: name, among: PassManager.all.map(\.name))
    return "there is no pass '\(name.printable)'\(guess); paligraph pass --help lists them"
  }

  private static func begins(_ name: String, _ word: String) -> Bool {
    word.count >= 3 && name.hasPrefix(word)
  }

  /// The fewest characters to insert, remove, exchange or swap with their neighbour that turn one word
  /// into the other (the optimal string alignment distance).
  static func distance(_ first: String, _ second: String) -> Int {
    let (a, b) = (Array(first.prefix(64)), Array(second.prefix(64)))
    var rows = [Array(0...b.count)]
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var best = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
          best = min(best, rows[i - 1][j - 1] + 1)
        }
        row.append(best)
      }
      rows.append(row)
    }
    return rows[a.count][b.count]
  }
}
