import Foundation
import Testing

/// Plans that many cases read, compiled once into a folder that goes when the process ends.
enum CompiledPlans {
  static let picture = Result { try compile(PictureRunTests.model, ["--max-tokens", "200"]) }

  /// A weight, a state, a symbol and three steps.
  static let graph = """
    module @small {
      symbol N <= 8
      weight %w : f32[2x2] {value = iota}
      state %s : f32[1x1x4x2]
      func @main(%x: f32[Nx2]) -> (y: f32[Nx2]) {
        %a = add(%x, %x) : f32[Nx2]
        %b = linear(%a, %w) : f32[Nx2]
        %y = neg(%b) : f32[Nx2]
        return %y
      }
    }
    """

  static let small = Result {
    let file = folder.appendingPathComponent("small.pg")
    try graph.write(to: file, atomically: true, encoding: .utf8)
    return try compile(file.path, [])
  }

  private static func compile(_ model: String, _ options: [String]) throws -> String {
    let plan = folder.appendingPathComponent("\(UUID()).plan").path
    let run = try CommandLineProcess.run(["compile", model, "-o", plan, "--quiet"] + options)
    try #require(run.status == 0, "\(run.errors)")
    return plan
  }

  private static let folder: URL = {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("plans-\(UUID())")
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    folderToRemove = strdup(folder.path)
    atexit {
      guard let path = CompiledPlans.folderToRemove else { return }
      try? FileManager.default.removeItem(atPath: String(cString: path))
    }
    return folder
  }()
  nonisolated(unsafe) private static var folderToRemove: UnsafeMutablePointer<CChar>?
}
