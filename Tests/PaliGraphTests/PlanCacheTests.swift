import Foundation
import Testing

@testable import PaliGraph

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

  /// Size and time of change can both be what they were: the second name is of another file, the third of
  /// a file that was written to.
  @Test(arguments: [true, false])
  func `a file exchanged for one of equal size and time is noticed`(isReplaced: Bool) throws {
    try Self.withFolder { folder in
      let model = "\(folder)/model"
      try FileManager.default.createDirectory(atPath: model, withIntermediateDirectories: true)
      let weights = "\(model)/model.safetensors"
      try Data("one".utf8).write(to: URL(filePath: weights))
      let date = Date(timeIntervalSince1970: 1e9)
      try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: weights)
      func path() throws -> String {
        try PlanCache.path(
          for: ModelSource(path: model), environment: ["XDG_CACHE_HOME": "\(folder)/cache"])
      }
      let before = try path()
      #expect(try path() == before)
      if isReplaced {
        try Data("two".utf8).write(to: URL(filePath: "\(folder)/two"))
        #expect(rename("\(folder)/two", weights) == 0)
      } else {
        // In place: the file keeps its number.
        let file = try FileHandle(forWritingTo: URL(filePath: weights))
        try file.write(contentsOf: Data("two".utf8))
        try file.close()
      }
      try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: weights)
      #expect(try path() != before)
    }
  }

  @Test func `every mark of a file counts by itself`() {
    let changes: [(inout stat) -> Void] = [
      { _ in }, { $0.st_dev += 1 }, { $0.st_ino += 1 }, { $0.st_size += 1 },
      { $0.st_mtim.tv_sec += 1 }, { $0.st_mtim.tv_nsec += 1 }, { $0.st_ctim.tv_sec += 1 },
      { $0.st_ctim.tv_nsec += 1 },
    ]
    let texts = changes.map { change in
      var status = stat()
      change(&status)
      return PlanCache.identity(of: status)
    }
    #expect(Set(texts).count == changes.count)
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
