import Glibc

/// A part of a help text.
enum HelpBlock {
  case text(String)
  /// Terms, each with what it means.
  case list([(term: String, meaning: String)])

  /// The lines of the block, none wider than `width` unless a word is.
  func lines(width: Int) -> [String] {
    switch self {
    case .text(let text): TextLines.wrapped(text, width: width)
    case .list(let items): Self.lines(of: items, width: width)
    }
  }

  /// Terms to the left of their meanings; above them where they are long or the terminal is narrow.
  private static func lines(of items: [(term: String, meaning: String)], width: Int) -> [String] {
    let longest = items.map(\.term.count).filter { $0 <= 24 }.max() ?? 0
    let column = width < 60 ? 6 : longest + 4
    return items.flatMap { term, meaning in
      let wrapped = TextLines.wrapped(meaning, width: max(width - column, 20))
      let indented = wrapped.map { String(repeating: " ", count: column) + $0 }
      guard term.count + 4 <= column, let first = wrapped.first else {
        return ["  " + term] + indented
      }
      let gap = String(repeating: " ", count: column - term.count - 2)
      return ["  \(term)\(gap)\(first)"] + indented.dropFirst()
    }
  }
}

extension [HelpBlock] {
  /// The text of the blocks with an empty line between them, for the terminal that it is printed on.
  var text: String {
    let width = TextLines.columns(of: STDOUT_FILENO)
    return map { $0.lines(width: width).joined(separator: "\n") + "\n" }.joined(separator: "\n")
  }
}

extension Syntax {
  var help: [HelpBlock] {
    [.text("usage: \(synopsis)"), .text(summary)]
      + (options.isEmpty ? [] : [.list(options.map { ($0.spelling, $0.help) })]) + remarks
  }
}

/// Text in lines of a width.
enum TextLines {
  /// The widest that text for people becomes.
  static let mostColumns = 80

  /// The columns for text on a stream: `COLUMNS`, the terminal's own number, or 80; at most 80.
  static func columns(of descriptor: Int32) -> Int {
    var size = winsize()
    var columns = getenv("COLUMNS").flatMap { Int(String(cString: $0)) } ?? 0
    if columns <= 0, isatty(descriptor) == 1, ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 {
      columns = Int(size.ws_col)
    }
    return columns > 0 ? min(max(columns, 30), mostColumns) : mostColumns
  }

  /// Breaks lines between words. What follows the first line of each is indented.
  static func wrapped(_ text: String, width: Int, indent: Int = 0) -> [String] {
    text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { line in
      var lines: [String] = []
      var rest = line
      while rest.count > width - (lines.isEmpty ? 0 : indent) {
        let room = width - (lines.isEmpty ? 0 : indent)
        let head = rest.prefix(room + 1)
        // Not within the spaces at the start of a line.
        let start = rest.firstIndex { $0 != " " } ?? rest.endIndex
        let space =
          head.lastIndex(of: " ").flatMap { $0 > start ? $0 : nil }
          ?? rest[start...].firstIndex(of: " ")
        guard let space else { break }
        lines.append(padded(rest[..<space], lines.isEmpty ? 0 : indent))
        rest = rest[rest.index(after: space)...]
      }
      lines.append(padded(rest, lines.isEmpty ? 0 : indent))
      return lines
    }
  }

  private static func padded(_ text: Substring, _ count: Int) -> String {
    var text = text
    while text.last == " " { text.removeLast() }
    return String(repeating: " ", count: count) + text
  }
}
