import Compiler
import Foundation
import PaliGraph

/// Plans of committed model directories, compiled once into a folder of this process's own.
enum CompiledModels {
  static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Every tiny checkpoint with references from transformers, sorted.
  static func parityNames() throws -> [String] {
    try FileManager.default
      .contentsOfDirectory(atPath: root.appending(path: "Tests/Fixtures/parity").path)
      .filter { $0.hasPrefix("gemma") }.sorted()
  }

  /// A folder that is removed when the process ends.
  private static let folder: String = {
    let folder = FileManager.default.temporaryDirectory.appending(path: "plans-\(UUID())").path
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    folderToRemove = strdup(folder)
    atexit {
      guard let path = CompiledModels.folderToRemove else { return }
      try? FileManager.default.removeItem(atPath: String(cString: path))
    }
    return folder
  }()
  nonisolated(unsafe) private static var folderToRemove: UnsafeMutablePointer<CChar>?

  private static let lock = NSLock()
  nonisolated(unsafe) private static var plans: [String: PlanFile] = [:]

  /// The plan of a model directory, given relative to the repository.
  static func plan(
    _ model: String, dtype: PassContext.DType = .auto, maxTokens: Int? = nil
  ) throws -> PlanFile {
    try lock.withLock {
      let key = "\(model.replacingOccurrences(of: "/", with: "-"))-\(dtype)-\(maxTokens ?? 0)"
      if let plan = plans[key] { return plan }
      let path = "\(folder)/\(key).plan"
      try compile(
        root.appending(path: model).path, to: path, dtype: dtype, maxTokens: maxTokens)
      let plan = try PlanFile(path: path)
      plans[key] = plan
      return plan
    }
  }

  static func picture(_ path: String) throws -> RGBImage {
    try RGBImage.decode(path: root.appending(path: path).path)
  }
}
