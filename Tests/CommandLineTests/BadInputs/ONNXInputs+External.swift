import Foundation
import Testing

@testable import BadFiles

/// Lines 21 to 29 of §2.2: where external data are.
extension ONNXInputs {
  /// Weights of 8 bytes at these entries.
  private static func data(
    _ line: String, _ what: String, _ verdict: BadInput.Verdict, _ entries: [(String, String)],
    shape: [Int] = [2],
    more: @escaping @Sendable (BadInputFolder) throws -> Void = { _ in }
  ) -> BadInput {
    BadInput(line, what, verdict) { folder in
      try folder.write((0..<16).map { UInt8($0) }, to: "weights")
      try more(folder)
      let graph = Message.graph(
        [Message.node("Add", ["x", "w"])], tensors: [Message.tensor("w", shape, external: entries)])
      let path = try folder.write(Message.model(graph).bytes, to: "m.onnx")
      return ["compile", path, "-o", folder.output("x.plan")]
    }
  }

  private static func location(
    _ line: String, _ what: String, _ problem: String, _ location: String,
    more: @escaping @Sendable (BadInputFolder) throws -> Void = { _ in }
  ) -> BadInput {
    data(line, what, .refused(problem), [("location", location), ("length", "8")], more: more)
  }

  private static func place(
    _ line: String, _ what: String, _ problem: String, _ key: String, _ value: String
  ) -> BadInput {
    data(line, what, .refused(problem), [("location", "weights"), (key, value)])
  }

  static let external: [BadInput] = [
    location("2.2.21", "the folder above", "no relative path", "../secret"),
    location("2.2.21", "down and up again", "no relative path", "sub/../../secret"),
    location("2.2.21", "an absolute path", "no relative path", "/etc/passwd"),
    location("2.2.21", "no characters", "no relative path", ""),
    location("2.2.21", "a file that is missing", "cannot be read", "missing"),
    location("2.2.21", "the folder", "no relative path", "."),
    location("2.2.21", "NUL", "a control character", "weights\0x"),
    location("2.2.21", "a URL", "no relative path", "file:///x"),
    location("2.2.21", "another machine", "no relative path", "\\\\host\\x"),
    location("2.2.21", "5000 characters", "no relative path", String(repeating: "a", count: 5000)),
    location("2.2.22", "a link out", "leads out of the folder", "link") {
      try $0.link("link", to: "../secret")
    },
    location("2.2.22", "a folder that is a link out", "leads out of the folder", "away/secret") {
      try $0.link("away", to: "..")
    },
    location("2.2.22", "a link to a pipe outside", "leads out of the folder", "link") {
      try $0.link("link", to: "../pipe")
    },
    location("2.2.22", "a second name of a file", "several names", "hard") {
      try #require(link($0.scratch.path("secret"), $0.file("hard")) == 0)
    },
    location("2.2.22", "a pipe", "not a regular file", "pipe") { mkfifo($0.file("pipe"), 0o600) },
    location("2.2.22", "a device", "leads out of the folder", "zero") {
      try $0.link("zero", to: "/dev/zero")
    },
    location("2.2.22", "a folder", "not a regular file", "sub") { mkdir($0.file("sub"), 0o700) },
    location("2.2.22", "a link to itself", "Too many levels", "self") {
      try $0.link("self", to: "self")
    },
    place("2.2.24", "an offset of -1", "no whole number", "offset", "-1"),
    place("2.2.24", "an offset of letters", "no whole number", "offset", "abc"),
    place("2.2.24", "an offset after a space", "no whole number", "offset", " 8"),
    place("2.2.24", "a hexadecimal offset", "no whole number", "offset", "0x8"),
    place("2.2.24", "an offset of 8.0", "no whole number", "offset", "8.0"),
    place("2.2.24", "an offset of 2^64", "no whole number", "offset", "18446744073709551616"),
    place("2.2.24", "an offset beyond the file", "begin at byte 17", "offset", "17"),
    place("2.2.25", "a length of 2^50", "reach beyond", "length", "1125899906842624"),
    place("2.2.25", "a length of 4", "have 4 bytes, but shape and type take 8", "length", "4"),
    data(
      "2.2.25", "no length", .refused("have 16 bytes, but shape and type take 8"),
      [("location", "weights")]),
    data(
      "2.2.26", "2^40 elements in 8 bytes", .refused("have 8 bytes"),
      [("location", "weights"), ("length", "8")], shape: [1 << 40]),
    data(
      "2.2.28", "keys of a program", .accepted("1 function"),
      [("location", "weights"), ("length", "8"), ("__class__", "x"), ("evil", "y")]),
    data(
      "2.2.28", "two locations", .refused("have location twice"),
      [("location", "weights"), ("location", "weights"), ("length", "8")]),
    data(
      "2.2.29", "a wrong checksum", .accepted("1 function"),
      [("location", "weights"), ("length", "8"), ("checksum", String(repeating: "0", count: 40))]),
    data(
      "2.2.+", "no location", .refused("have no location"), [("offset", "0"), ("length", "8")]),
  ]

  static let sharing: [BadInput] = [
    BadInput("2.2.27", "ranges that overlap, unaligned", .accepted("1 function")) { folder in
      try folder.write((0..<16).map { UInt8($0) }, to: "weights")
      let tensors = [("v", "3"), ("w", "5")].map { name, offset in
        Message.tensor(
          name, [2], external: [("location", "weights"), ("offset", offset), ("length", "8")])
      }
      let graph = Message.graph(
        [Message.node("Add", ["x", "v"], ["h"], name: "m"), Message.node("Add", ["h", "w"])],
        tensors: tensors)
      let path = try folder.write(Message.model(graph).bytes, to: "m.onnx")
      return ["compile", path, "-o", folder.output("x.plan")]
    }
  ]
}
