import Foundation
import Tensors

@testable import BadFiles

/// Lines of §2.1 about `model.safetensors.index.json` and the files of a checkpoint.
extension SafetensorsInputs {
  /// Two shards and an index of this map.
  private static func index(
    _ what: String, _ problem: String, _ map: [(String, String)],
    more: @escaping @Sendable (BadInputFolder) throws -> Void = { _ in }
  ) -> BadInput {
    BadInput(
      "2.1.29", what, .refused(problem),
      model: { folder in
        try folder.remove("model.safetensors")
        try folder.write(
          safetensors("{\(safetensorsEntry("a", "U8", "[1]", "[0,1]"))}", data: 1),
          to: "1.safetensors")
        try folder.write(
          safetensors("{\(safetensorsEntry("b", "U8", "[1]", "[0,1]"))}", data: 1),
          to: "2.safetensors")
        let pairs = map.map { "\"\($0)\":\"\($1)\"" }.joined(separator: ",")
        try folder.write("{\"weight_map\":{\(pairs)}}", to: "model.safetensors.index.json")
        try more(folder)
      })
  }

  private static let both = safetensors(
    "{\(safetensorsEntry("a", "U8", "[1]", "[0,1]")),\(safetensorsEntry("b", "U8", "[1]", "[1,2]"))}",
    data: 2)

  private static let map = [("a", "1.safetensors"), ("b", "2.safetensors")]

  static let index: [BadInput] = [
    index("a shard in the folder above", "not the name of a file", map + [("c", "../secret")]),
    index("an absolute shard", "not the name of a file", map + [("c", "/etc/passwd")]),
    index("the folder as a shard", "not the name of a file", map + [("c", ".")]),
    index("a shard that is a link out", "leads out of the folder", map + [("c", "link")]) {
      try $0.link("link", to: "../secret")
    },
    index("a shard that is a link to a device", "leads out of the folder", map + [("c", "link")]) {
      try $0.link("link", to: "/dev/zero")
    },
    index("a shard that is a pipe outside", "leads out of the folder", map + [("c", "link")]) {
      try $0.link("link", to: "../pipe")
    },
    index("a shard that is a pipe", "not a regular file", map + [("c", "pipe")]) {
      mkfifo($0.file("pipe"), 0o600)
    },
    index("a shard that is a folder", "not a regular file", map + [("c", "folder")]) {
      mkdir($0.file("folder"), 0o700)
    },
    index(
      "a shard that is missing", "missing from the folder: 1 of the 3 files",
      map + [("c", "3.safetensors")]),
    index("a tensor that is missing", "\"c\" is missing", map + [("c", "2.safetensors")]),
    index("a tensor that is not listed", "\"b\"", [("a", "2.safetensors")]) {
      try $0.write(both, to: "2.safetensors")
    },
    index("a tensor listed elsewhere", "\"a\"", [("a", "2.safetensors"), ("b", "1.safetensors")]),
    index("a tensor in two shards", "\"a\"", map) {
      try $0.write(both, to: "2.safetensors")
    },
    index(
      "1025 shards", "at most 1024 different files", (0...1024).map { ("t\($0)", "f\($0)") }),
    index(
      "a million shards", "more than 1048576 values",
      (0..<1_000_000).map { ("t\($0)", "f\($0)") }),
    index("no tensors", "at least one tensor", []),
    BadInput(
      "2.1.29", "a wrong total size", .accepted("total_size is 5"),
      model: { folder in
        try FileManager.default.moveItem(
          atPath: folder.file("model.safetensors"), toPath: folder.file("1.safetensors"))
        let names = try SafetensorsFile(path: folder.file("1.safetensors")).entries.map(\.name)
        let pairs = names.map { "\"\($0)\":\"1.safetensors\"" }.joined(separator: ",")
        try folder.write(
          "{\"metadata\":{\"total_size\":5},\"weight_map\":{\(pairs)}}",
          to: "model.safetensors.index.json")
      }),
    BadInput(
      "2.1.+", "weights that are a link out", .refused("leads out of the folder"),
      model: { try $0.link("model.safetensors", to: "../secret") }),
    BadInput(
      "2.1.+", "weights that are a link to themselves", .refused("Too many levels"),
      model: { try $0.link("model.safetensors", to: "model.safetensors") }),
  ]
}
