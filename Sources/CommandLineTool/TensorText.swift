import Inputs
import Tensors

/// A tensor for people to read: its name and type, then its rows, the last axis from left to right.
struct TensorText {
  /// Most rows and columns that are shown; what is left out is counted.
  static let (mostRows, mostColumns) = (64, 16)

  private let name: String
  private let data: TensorData
  private let values: [String]

  init(_ name: String, _ data: TensorData) {
    self.name = name
    self.data = data
    values =
      data.integers().map { $0.map(String.init) }
      ?? data.floats().map { Double($0).formatted(decimals: 4) }
  }

  /// Ends with a new line.
  var text: String {
    let shape = data.shape.map(String.init).joined(separator: "x")
    var lines = ["\(name.printable) : \(data.elementType.rawValue)[\(shape)]"]
    let columns = data.shape.last ?? 1
    let rows = columns == 0 ? 0 : values.count / columns
    let shown = min(columns, Self.mostColumns)
    let cells = (0..<min(rows, Self.mostRows)).map { row in
      Array(values[row * columns..<row * columns + shown])
    }
    let width = cells.joined().map(\.count).max() ?? 0
    for (row, cells) in cells.enumerated() {
      if row > 0, startsMatrix(row) { lines.append("") }
      let numbers = cells.map { String(repeating: " ", count: width - $0.count) + $0 }
      lines.append("  " + numbers.joined(separator: "  ") + (shown < columns ? "  …" : ""))
    }
    if rows > Self.mostRows { lines.append("  … \(rows - Self.mostRows) rows more") }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Whether a row begins another matrix of a stack of them.
  private func startsMatrix(_ row: Int) -> Bool {
    data.shape.count > 2 && row % data.shape[data.shape.count - 2] == 0
  }
}
