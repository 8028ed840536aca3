/// A bar on standard error that fills up; draws nothing unless a person is watching. It takes no more
/// of a terminal than going back to the start of a line.
struct ProgressBar {
  private let label: String
  private let isShown: Bool
  private var drawn: (percent: Int, columns: Int)?

  private static let width = 30

  init(_ label: String, isQuiet: Bool = false) {
    self.label = label
    isShown = Console.errorIsTerminal && !isQuiet
  }

  mutating func update(_ done: Int, of total: Int) {
    let percent = total > 0 ? Int(Double(done) / Double(total) * 100) : 100
    guard isShown, percent != drawn?.percent else { return }
    let filled = percent * Self.width / 100
    let bar =
      String(repeating: "█", count: filled) + String(repeating: "·", count: Self.width - filled)
    let line = "\(label) \(bar) \(percent) %"
    Console.overwriteErrorLine(line)
    drawn = (percent, line.count)
  }

  /// Takes the bar off the screen.
  mutating func clear() {
    guard let drawn else { return }
    Console.overwriteErrorLine(String(repeating: " ", count: drawn.columns))
    self.drawn = nil
  }
}
