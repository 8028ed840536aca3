import Foundation
import Tensors
import Testing

@testable import BadFiles

@Suite struct CheckpointTests {
  /// A shard of one-byte tensors.
  static func shard(_ names: [String]) -> [UInt8] {
    let entries = names.enumerated().map { index, name in
      safetensorsEntry(name, "U8", "[1]", "[\(index),\(index + 1)]")
    }
    return safetensors("{\(entries.joined(separator: ","))}", data: names.count)
  }

  static func write(_ files: [String: [UInt8]], to folder: String) throws {
    for (name, bytes) in files {
      try Data(bytes).write(to: URL(filePath: "\(folder)/\(name)"))
    }
  }

  static func index(_ map: [(String, String)], totalSize: Int = 3) -> [UInt8] {
    let pairs = map.map { "\"\($0)\":\"\($1)\"" }.joined(separator: ",")
    return Array("{\"metadata\":{\"total_size\":\(totalSize)},\"weight_map\":{\(pairs)}}".utf8)
  }

  static let shards = ["1.safetensors": shard(["a", "b"]), "2.safetensors": shard(["c"])]

  static let map = [("a", "1.safetensors"), ("c", "2.safetensors"), ("b", "1.safetensors")]

  @Test func `a single file is a checkpoint`() throws {
    try withTemporaryFolder { folder in
      try Self.write([Checkpoint.fileName: Self.shard(["x", "y"])], to: folder)
      let checkpoint = try Checkpoint(directory: folder)
      #expect(checkpoint.names == ["x", "y"])
      #expect(checkpoint.entry(named: "y")?.shape == [1])
      #expect(try checkpoint.tensor(named: "y")?.integers() == [1])
      #expect(try checkpoint.tensor(named: "z") == nil)
    }
  }

  @Test func `shards make one checkpoint`() throws {
    try withTemporaryFolder { folder in
      try Self.write(Self.shards, to: folder)
      try Self.write([Checkpoint.indexName: Self.index(Self.map)], to: folder)
      let checkpoint = try Checkpoint(directory: folder)
      #expect(checkpoint.names == ["a", "b", "c"])
      #expect(try checkpoint.tensor(named: "b")?.integers() == [1])
      #expect(try checkpoint.tensor(named: "c")?.integers() == [0])
      #expect(checkpoint.warnings.isEmpty)
    }
  }

  @Test func `a single file wins over an index, and says so`() throws {
    try withTemporaryFolder { folder in
      try Self.write(Self.shards, to: folder)
      try Self.write([Checkpoint.indexName: Self.index(Self.map)], to: folder)
      try Self.write([Checkpoint.fileName: Self.shard(["x"])], to: folder)
      let checkpoint = try Checkpoint(directory: folder)
      #expect(checkpoint.names == ["x"])
      #expect(checkpoint.warnings.count == 1)
      #expect(checkpoint.warnings.first?.contains("model.safetensors.index.json") == true)
    }
  }

  @Test func `a wrong total size is a warning`() throws {
    try withTemporaryFolder { folder in
      try Self.write(Self.shards, to: folder)
      try Self.write([Checkpoint.indexName: Self.index(Self.map, totalSize: 9)], to: folder)
      let warnings = try Checkpoint(directory: folder).warnings
      #expect(warnings.count == 1 && warnings[0].contains("total_size is 9"))
    }
  }

  /// Index maps that contradict the shards or lead astray.
  @Test(
    arguments: [
      ([("a", "1.safetensors"), ("c", "2.safetensors")], "tensor \"b\""),
      (map + [("d", "2.safetensors")], "tensor \"d\" is missing"),
      (
        map + [("d", "3.safetensors")],
        "1 of the 3 files that it lists, 3.safetensors first; download"
      ),
      ([("a", "2.safetensors"), ("b", "1.safetensors"), ("c", "2.safetensors")], "tensor \"a\""),
      (map + [("d", "../1.safetensors")], "not the name of a file"),
      (map + [("d", "/etc/passwd")], "not the name of a file"),
      (map + [("d", ".")], "not the name of a file"),
      (map + [("d", "..")], "not the name of a file"),
      (map + [("d", "")], "not the name of a file"),
      (map + [("d", "a\\u0000b")], "not the name of a file"),
      (map + [("d", "link")], "leads out of the folder"),
      (map + [("d", "device")], "leads out of the folder"),
      (map + [("d", "pipe")], "not a regular file"),
      (map + [("d", "folder")], "not a regular file"),
      ([], "at least one tensor"),
      ((0...1024).map { ("t\($0)", "f\($0)") }, "at most 1024 different files"),
    ] as [([(String, String)], String)])
  func `a wrong index is refused with the reason`(
    map: [(String, String)], reason: String
  ) throws {
    try withTemporaryFolder { parent in
      let folder = "\(parent)/model"
      let manager = FileManager.default
      try manager.createDirectory(atPath: "\(folder)/folder", withIntermediateDirectories: true)
      try Self.write(["1.safetensors": Self.shard(["a", "b"])], to: parent)
      try manager.createSymbolicLink(
        atPath: "\(folder)/link", withDestinationPath: "../1.safetensors")
      try manager.createSymbolicLink(atPath: "\(folder)/device", withDestinationPath: "/dev/zero")
      #expect(mkfifo("\(folder)/pipe", 0o600) == 0)
      try Self.write(Self.shards, to: folder)
      try Self.write([Checkpoint.indexName: Self.index(map)], to: folder)
      expectRefusal(of: folder, reason: reason)
    }
  }

  @Test func `a tensor in two shards is refused`() throws {
    try withTemporaryFolder { folder in
      try Self.write(
        ["1.safetensors": Self.shard(["a"]), "2.safetensors": Self.shard(["a"])], to: folder)
      let text = #"{"weight_map":{"a":"1.safetensors","a":"2.safetensors"}}"#
      try Self.write([Checkpoint.indexName: Array(text.utf8)], to: folder)
      expectRefusal(of: folder, reason: "twice")
    }
  }

  @Test(arguments: ["", "{}", "[]", #"{"weight_map":{"a":1}}"#, #"{"weight_map":[]}"#])
  func `an index without its fields is refused`(text: String) throws {
    try withTemporaryFolder { folder in
      try Self.write([Checkpoint.indexName: Array(text.utf8)], to: folder)
      expectRefusal(of: folder, reason: Checkpoint.indexName)
    }
  }

  @Test func `a folder without weights says what is expected`() throws {
    try withTemporaryFolder { expectRefusal(of: $0, reason: "neither model.safetensors nor") }
    expectRefusal(of: "/nonexistent", reason: "cannot be read")
    expectRefusal(of: "/dev/null", reason: "not a folder")
  }

  @Test func `the links of a hugging face cache are followed`() throws {
    try withTemporaryFolder { root in
      let manager = FileManager.default
      let snapshot = "\(root)/models--x--y/snapshots/0123"
      try manager.createDirectory(atPath: snapshot, withIntermediateDirectories: true)
      try manager.createDirectory(
        atPath: "\(root)/models--x--y/blobs", withIntermediateDirectories: true)
      try Self.write(["models--x--y/blobs/aa": Self.shard(["a"])], to: root)
      try manager.createSymbolicLink(
        atPath: "\(snapshot)/\(Checkpoint.fileName)", withDestinationPath: "../../blobs/aa")
      try manager.createSymbolicLink(
        atPath: "\(root)/link", withDestinationPath: "models--x--y/snapshots/0123")
      #expect(try Checkpoint(directory: snapshot).names == ["a"])
      #expect(try Checkpoint(directory: "\(root)/link").names == ["a"])
    }
  }

  func expectRefusal(of folder: String, reason: String) {
    let error = #expect(throws: (any Error).self) { try Checkpoint(directory: folder) }
    #expect(error.map { "\($0)".contains(reason) } == true, "\(error.map { "\($0)" } ?? "")")
  }
}
