import Foundation

/// Calls `body` with the path of a new empty folder, which is removed afterwards.
func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: "tensors-\(UUID())")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder.path)
}

/// Calls `body` with the path of a file of these bytes, which is removed afterwards.
func withTemporaryFile<Result>(
  bytes: [UInt8], _ body: (String) throws -> Result
) throws -> Result {
  try withTemporaryFolder { folder in
    let path = "\(folder)/file"
    try Data(bytes).write(to: URL(filePath: path))
    return try body(path)
  }
}
