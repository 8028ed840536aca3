import Foundation
import PaliGraph
import Testing

/// Where `run MODEL` keeps its plans.
@Suite struct PlanCacheTests {
  static func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: "cache-\(UUID())").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
  }

  @Test func `a plan's name changes with every file of its model`() throws {
    try Self.withFolder { folder in
      let model = "\(folder)/model"
      try FileManager.default.createDirectory(atPath: model, withIntermediateDirectories: true)
      func path() throws -> String {
        try PlanCache.path(
          for: ModelSource(path: model), environment: ["XDG_CACHE_HOME": "\(folder)/cache"])
      }
      var names: Set<String> = [try path()]
      #expect(try path() == names.first)
      for (file, text) in [("config.json", "{}"), ("config.json", "{ }"), ("tokenizer.json", "")] {
        try Data(text.utf8).write(to: URL(filePath: "\(model)/\(file)"))
        names.insert(try path())
      }
      #expect(names.count == 4)
      #expect(names.allSatisfy { $0.hasPrefix("\(folder)/cache/paligraph/model-") })
    }
  }

  /// The variable's value must be an absolute path, as its specification demands.
  @Test(arguments: [[:], ["HOME": ""], ["XDG_CACHE_HOME": "cache"]])
  func `without a home there is no cache`(environment: [String: String]) throws {
    #expect(throws: ModelError.self) {
      try PlanCache.path(
        for: ModelSource(path: CompiledModels.root.path), environment: environment)
    }
  }
}
