import Foundation
import Tensors

/// Files by the reference libraries; `Tools/references/tensors.py` writes them.
enum Fixtures {
  static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures/tensors")

  static func path(_ name: String) -> String { folder.appending(path: name).path }

  /// The numbers that the script puts into a tensor.
  static func values(_ type: ElementType, count: Int) -> [Float] {
    (0..<count).map { index in
      let value = Float(index) - (type.rawValue.hasPrefix("u") ? 0 : 2)
      return type == .bool ? (value == 0 ? 0 : 1) : value
    }
  }
}
