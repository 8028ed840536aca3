import Foundation

/// Calls `body` with the path of a new empty folder, which is removed afterwards.
func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: "plans-\(UUID())")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder.path)
}

/// Calls `body` with the path of a file of these bytes, which is removed afterwards.
func withTemporaryFile<Result>(bytes: [UInt8], _ body: (String) throws -> Result) throws -> Result {
  try withTemporaryFolder { folder in
    let path = "\(folder)/m.plan"
    try Data(bytes).write(to: URL(filePath: path))
    return try body(path)
  }
}

func content(of path: String) throws -> [UInt8] {
  try [UInt8](Data(contentsOf: URL(filePath: path)))
}

func names(in folder: String) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
}
