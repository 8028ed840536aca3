import Inputs

/// Rows of cells in columns, for people. Cells hold names from files, so each is made printable.
struct TextTable {
  enum Alignment { case left, right }

  private let rows: [[String]]
  private let alignments: [Alignment]

  /// - Parameters:
  ///   - rows: as many cells in each as in the first.
  ///   - alignments: of the columns; those left out are as the last one.
  init(_ rows: [[String]], _ alignments: Alignment...) {
    self.rows = rows.map { $0.map(\.printable) }
    self.alignments = alignments
  }

  /// Each begins with two spaces and ends with none. Where they are wider than `width`, names in the
  /// first column lose their middles.
  func lines(width: Int = .max) -> [String] {
    let columns = rows.first?.indices ?? 0..<0
    var widths = columns.map { column in rows.map { $0[column].count }.max() ?? 0 }
    let excess = widths.reduce(2 * columns.count, +) - width
    if excess > 0, columns.count > 1 { widths[0] = max(widths[0] - excess, 12) }
    return rows.map { row in
      let row = columns.isEmpty ? row : [row[0].shortened(to: widths[0])] + row.dropFirst()
      let cells = columns.map { column in
        let gap = String(repeating: " ", count: widths[column] - row[column].count)
        return alignment(column) == .left ? row[column] + gap : gap + row[column]
      }
      return "  " + cells.joined(separator: "  ").trimmingTrailingSpaces
    }
  }

  private func alignment(_ column: Int) -> Alignment {
    alignments.indices.contains(column) ? alignments[column] : alignments.last ?? .left
  }
}

extension String {
  fileprivate func shortened(to width: Int) -> String {
    guard count > width else { return self }
    return "\(prefix((width - 1) / 2))…\(suffix(width - 1 - (width - 1) / 2))"
  }

  fileprivate var trimmingTrailingSpaces: String {
    var text = self[...]
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
