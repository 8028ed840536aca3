import Foundation
import Interchange
import Tensors
import Testing

@testable import BadFiles

/// Weights in files of their own.
@Suite struct ExternalDataTests {
  typealias Message = ProtobufMessage

  /// `secret` stands beside the model's folder, `weights` and `sub/weights` in it.
  private func folder() throws -> Scratch {
    let scratch = try Scratch()
    let files = FileManager.default
    try files.createDirectory(
      at: scratch.url.appending(path: "model/sub/deeper"), withIntermediateDirectories: true)
    let data = Data((0..<16).map { UInt8($0) })
    for name in ["secret", "model/weights", "model/sub/weights"] {
      try data.write(to: scratch.url.appending(path: name))
    }
    try files.createSymbolicLink(
      atPath: scratch.path("model/link"), withDestinationPath: scratch.path("secret"))
    try files.createSymbolicLink(
      atPath: scratch.path("model/away"), withDestinationPath: scratch.url.path)
    try files.createSymbolicLink(
      atPath: scratch.path("model/inner"), withDestinationPath: "weights")
    try files.linkItem(atPath: scratch.path("secret"), toPath: scratch.path("model/hard"))
    mkfifo(scratch.path("model/pipe"), 0o600)
    return scratch
  }

  private func load(
    _ entries: [(String, String)], shape: [Int] = [2], in scratch: Scratch
  ) throws -> ImportedONNX {
    let graph = Message.graph(
      [Message.node("Add", ["x", "w"])], tensors: [Message.tensor("w", shape, external: entries)])
    let path = scratch.path("model/m.onnx")
    try Data(Message.model(graph).bytes).write(to: URL(filePath: path))
    return try ImportedONNX(path: path)
  }

  @Test(arguments: ["weights", "sub/weights", "inner"], ["0", "3", "8"])
  func `data of the folder are read at any place`(location: String, offset: String) throws {
    let scratch = try folder()
    let entries = [("location", location), ("offset", offset), ("length", "8"), ("other", "x")]
    let model = try load(entries, in: scratch)
    let data = try #require(model.source("w"))
    let first = try #require(UInt8(offset))
    #expect(data.withUnsafeBytes(Array.init) == (first..<first + 8).map { $0 })
    #expect(data.mapping?.range.lowerBound == Int(first))
  }

  @Test func `without a length they reach to the end of the file`() throws {
    let model = try load([("location", "weights"), ("offset", "8")], in: try folder())
    #expect(model.source("w")?.byteCount == 8)
  }

  static let wrong: [(entries: [(String, String)], problem: String)] = [
    ([("offset", "0")], "have no location"),
    ([("location", "weights"), ("location", "weights")], "have location twice"),
    ([("location", "")], "no relative path"),
    ([("location", ".")], "no relative path"),
    ([("location", "weights\0x")], "has a control character"),
    ([("location", "../secret")], "no relative path"),
    ([("location", "sub/../../secret")], "no relative path"),
    ([("location", "/etc/passwd")], "no relative path"),
    ([("location", "\\\\host\\x")], "no relative path"),
    ([("location", "file:///x")], "no relative path"),
    ([("location", String(repeating: "a", count: 5000))], "no relative path"),
    ([("location", "missing")], "cannot be read"),
    ([("location", "link")], "leads out of the folder"),
    ([("location", "away/secret")], "leads out of the folder"),
    ([("location", "hard")], "has several names"),
    ([("location", "pipe")], "not a regular file"),
    ([("location", "sub")], "not a regular file"),
    ([("location", "weights/x")], "Not a directory"),
    ([("location", "weights"), ("offset", "-1")], "no whole number"),
    ([("location", "weights"), ("offset", " 8")], "no whole number"),
    ([("location", "weights"), ("offset", "0x8")], "no whole number"),
    ([("location", "weights"), ("offset", "8.0")], "no whole number"),
    ([("location", "weights"), ("offset", "18446744073709551616")], "no whole number"),
    ([("location", "weights"), ("offset", "17")], "begin at byte 17"),
    ([("location", "weights"), ("length", "1125899906842624")], "reach beyond"),
    ([("location", "weights"), ("offset", "12"), ("length", "8")], "reach beyond"),
    ([("location", "weights"), ("length", "4")], "have 4 bytes, but shape and type take 8"),
    ([("location", "weights")], "have 16 bytes, but shape and type take 8"),
  ]

  @Test(arguments: wrong)
  func `data elsewhere or of another size are refused`(
    entries: [(String, String)], problem: String
  ) throws {
    let scratch = try folder()
    let error = #expect(throws: ONNXError.self) { try load(entries, in: scratch) }
    #expect(try #require(error).description.contains(problem), "\(error?.description ?? "")")
  }

  @Test(arguments: [[1 << 40], [1 << 40, 1 << 40]])
  func `a shape beyond the data is refused`(shape: [Int]) throws {
    let scratch = try folder()
    #expect(throws: ONNXError.self) {
      try load([("location", "weights"), ("length", "8")], shape: shape, in: scratch)
    }
  }

  /// Bytes 64…79, which nothing else holds, stand outside the folder. Whatever is read while the file is
  /// exchanged for a link to them, they are not.
  @Test func `a file that becomes a link while it is opened never leads out`() async throws {
    let scratch = try folder()
    try Data((64..<80).map { UInt8($0) }).write(to: scratch.url.appending(path: "outside"))
    let (place, held) = (scratch.path("model/weights"), scratch.path("model/held"))
    let outside = scratch.path("outside")
    let exchanging = Task.detached {
      while !Task.isCancelled {
        rename(place, held)
        symlink(outside, place)
        rename(held, place)
      }
    }
    var read = 0
    for _ in 0..<500 {
      guard let model = try? load([("location", "weights"), ("length", "8")], in: scratch) else {
        continue
      }
      #expect(model.source("w")?.withUnsafeBytes(Array.init) == (0..<8).map { $0 })
      read += 1
    }
    exchanging.cancel()
    await exchanging.value
    #expect(read > 0)
  }

  @Test func `large raw data stay in the model's file`() throws {
    let path = ONNXCase.folder.appending(path: "vit_old_exporter_17.onnx").path
    let model = try ImportedONNX(path: path)
    let data = try #require(model.source("patches.weight"))
    #expect(data.mapping?.file.path == path)
  }
}
