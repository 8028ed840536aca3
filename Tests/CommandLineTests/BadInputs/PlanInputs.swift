import Foundation
import Tensors
import Testing

@testable import BadFiles
@testable import Plans

/// §2.6: plans. A plan is edited as an attacker would: the checksum of its header is right again.
enum PlanInputs {
  static let all = files + headers + tables + steps + places + ports

  private static func plan(
    _ line: String, _ what: String, _ problem: String,
    _ change: @escaping @Sendable ([UInt8]) throws -> [UInt8]
  ) -> BadInput {
    BadInput(line, what, .refused(problem)) { folder in
      let whole = Array(
        try Data(contentsOf: URL(fileURLWithPath: try CompiledPlans.small.get())))
      let path = try folder.write(try change(whole), to: "x.plan")
      return try run(path, in: folder)
    }
  }

  /// Runs a plan on an input of the right shape.
  private static func run(_ plan: String, in folder: BadInputFolder) throws -> [String] {
    let x = try folder.write(Array(GraphTests.npy([1, 2], shape: "(1, 2)")), to: "x.npy")
    return ["run", plan, "--input", "x=\(x)", "--output-dir", folder.output("results")]
  }

  static let files: [BadInput] = [
    plan("2.6.1", "an empty file", "no whole plan: 0 bytes") { _ in [] },
    plan("2.6.1", "one byte short of a header", "no whole plan") { Array($0.prefix(4095)) },
    plan("2.6.1", "one byte short", "cut short") { $0.dropLast() },
    plan("2.6.1", "half a plan", "no whole plan") { Array($0.prefix($0.count / 2)) },
    plan("2.6.2", "one bit of the step list", "checksum is wrong") { bytes in
      var bytes = bytes
      let place = try #require(bytes.firstRange(of: Array("arena_bytes".utf8)))
      bytes[place.lowerBound] ^= 1
      return bytes
    },
    plan("2.6.3", "another file", "this is no plan") { _ in Array("# Notes on my plan\n".utf8) },
    plan("2.6.3", "version 0", "plan format 0 is not") { try edited($0, version: "0") },
    plan("2.6.3", "a later version", "plan format 99 is not") { try edited($0, version: "99") },
    plan("2.6.3", "a header's length from the high end", "this is no plan") { bytes in
      bytes.prefix(8).reversed() + bytes.dropFirst(8)
    },
    plan("2.6.15", "a plan of another compiler", "compile it again") {
      try edited($0, version: "1")
    },
  ]

  /// The bytes of a plan whose step list and version are others.
  static func edited(
    _ bytes: [UInt8], version: String = "\(PlanFile.formatVersion)",
    _ change: (String) throws -> String = { $0 }
  ) throws -> [UInt8] {
    var parts = try PlanFileParts(bytes: bytes)
    parts.version = version
    parts.stepList = try change(parts.stepList)
    return try parts.bytes
  }

  /// The same plan with its first tensor 4 bytes further on.
  private static func shifted(_ bytes: [UInt8]) throws -> [UInt8] {
    var parts = try PlanFileParts(bytes: bytes)
    parts.tensors.insert(.init("first", .f32, shape: [1]), at: 0)
    let (header, fileSize) = try parts.header(alignment: (4, 4))
    return header + [UInt8](repeating: 0, count: fileSize - header.count)
  }

  /// A part of the step list exchanged; `problem` is what the verifier says then.
  private static func step(
    _ line: String, _ what: String, _ problem: String, _ old: String, _ new: String
  ) -> BadInput {
    plan(line, what, problem) { bytes in
      try edited(bytes) { steps in
        try #require(steps.contains(old), "\(steps)")
        return steps.replacingOccurrences(of: old, with: new)
      }
    }
  }

  /// The safetensors header as text exchanged in place, of the same length.
  private static func header(
    _ line: String, _ what: String, _ problem: String, _ old: String, _ new: String
  ) -> BadInput {
    plan(line, what, problem) { bytes in
      let place = try #require(bytes.firstRange(of: Array(old.utf8)))
      try #require(old.utf8.count == new.utf8.count)
      return bytes[..<place.lowerBound] + Array(new.utf8) + bytes[place.upperBound...]
    }
  }

  static let headers: [BadInput] = [
    header(
      "2.6.4", "a tensor beyond the file", "no whole plan", "\"data_offsets\":[0,128]",
      "\"data_offsets\":[0,999]"),
    header(
      "2.6.4", "a tensor that ends before it begins", "no whole plan", "\"data_offsets\":[0,128]",
      "\"data_offsets\":[128,0]"),
    header(
      "2.6.4", "tensors on each other", "no whole plan", "\"data_offsets\":[128,136]",
      "\"data_offsets\":[120,128]"),
    header(
      "2.6.13", "a tensor of another type", "checksum is wrong", "{\"dtype\":\"F32\"",
      "{\"dtype\":\"I32\""),
    header("2.6.14", "another tensor's name", "checksum is wrong", "\"w\":{", "\"v\":{"),
    plan("2.6.5", "a tensor that is not aligned", "not aligned") { bytes in
      try shifted(bytes)
    },
    plan("2.6.7", "a name that is no UTF-8", "no plan") { bytes in
      var bytes = bytes
      let place = try #require(bytes.firstRange(of: Array("small".utf8)))
      bytes[place.lowerBound] = 0xFF
      return bytes
    },
  ]

  static let tables: [BadInput] = [
    plan("2.6.6", "70000 steps", "steps") { bytes in
      try edited(bytes) { text in
        let neg = try #require(
          text.range(of: #"\["neg".*?\]\],\{\}\]|\["neg".*\{\}\]"#, options: .regularExpression))
        let copies = (0..<70_000).map {
          text[neg].replacingOccurrences(of: "\"y\"", with: "\"y\($0)\"")
        }
        return text.replacingCharacters(in: neg, with: copies.joined(separator: ","))
      }
    },
    step("2.6.8", "an unknown kernel", "explode", "[\"neg\"", "[\"explode\""),
    step("2.6.8", "a path as a kernel", "../lib", "[\"neg\"", "[\"../lib/evil.so\""),
    step("2.6.9", "a tensor that is not there", "tensor", "[\"tensor\",0,", "[\"tensor\",7,"),
    step("2.6.9", "a tensor of -1", "step list", "[\"tensor\",0,", "[\"tensor\",-1,"),
    step(
      "2.6.10", "an arena of 2^60 bytes", "1152921504606846976", "\"arena_bytes\":",
      "\"arena_bytes\":1152921504606846976,\"was\":"),
    step(
      "2.6.10", "no arena", "leave a region of 0 bytes", "\"arena_bytes\":",
      "\"arena_bytes\":0,\"was\":"),
    step(
      "2.6.10", "a place at 2^62", "expected an integer from 0 to", "[\"arena\",0,",
      "[\"arena\",4611686018427387904,"),
    step("2.6.10", "a place below 0", "step list", "[\"arena\",0,", "[\"arena\",-64,"),
    step("2.6.16", "a bound of 0", "expected an integer from 1", "[\"N\",8]", "[\"N\",0]"),
    step(
      "2.6.16", "a bound of 2^62", "expected an integer from 1", "[\"N\",8]",
      "[\"N\",4611686018427387904]"),
    step(
      "2.6.16", "a bound for more than there is room", "leave a region of 128 bytes", "[\"N\",8]",
      "[\"N\",1000]"),
    step(
      "2.6.18", "panels of another matrix", "cannot read a tensor in f32_panels",
      "[2,2],\"f32_panels\"",
      "[2,99],\"f32_panels\""),
    step("2.6.18", "an unknown packing", "step list", "\"f32_panels\"]", "\"f32_barrels\"]"),
    step(
      "2.6.19", "a cache of 2^60 positions", "s", "[1,1,4,2],0]", "[1,1,1152921504606846976,2],0]"),
    step("2.6.19", "a cache beyond its memory", "misplaced", "[1,1,4,2],0]", "[1,1,4,2],4096]"),
    step(
      "2.6.+", "two tensors of one name", "two tensors have one name", "\"tensors\":[",
      "\"tensors\":[[\"w\",\"f32\",[2,2],\"f32_panels\"],"),
    step(
      "2.6.+", "a key twice", "twice", "\"arena_bytes\":", "\"arena_bytes\":64,\"arena_bytes\":"),
    step(
      "2.6.+", "nested 1000 deep", "nested", "\"sections\":{",
      "\"sections\":{\"a\":\(String(repeating: "[", count: 1000) + String(repeating: "]", count: 1000)),"
    ),
  ]

  static let steps: [BadInput] = [
    step(
      "2.6.9", "a result in a weight", "writes to a weight",
      "]],[\"arena\",64,\"f32\",[[[1,\"N\"]],2]],{}]]",
      "]],[\"tensor\",0,\"f32\",[2,2]],{}]]"),
    // In place, so that it would be a part of what is written.
    step(
      "2.6.11", "another shape of an operand", "writes over its operand",
      "[[\"arena\",64,\"f32\",[[[1,\"N\"]],2]]],[\"arena\",64",
      "[[\"arena\",64,\"f32\",[[[1,\"N\"]],1]]],[\"arena\",64"),
    step(
      "2.6.11", "an operand that is the result turned around", "writes over its operand",
      "[[\"arena\",64,\"f32\",[[[1,\"N\"]],2]]],[\"arena\",64",
      "[[\"arena\",64,\"f32\",[[[1,\"N\"]],2],[1,[[1,\"N\"]]],0]],[\"arena\",64"),
    // -N² + 9N - 7 is 1 at 1 and at 8, the smallest and the largest N.
    step(
      "2.6.16", "a size that is large between its ends", "leave a region",
      "[\"y\",[\"arena\",64,\"f32\",[[[1,\"N\"]],2]]]",
      "[\"y\",[\"arena\",64,\"f32\",[[[-1,\"N\",\"N\"],[9,\"N\"],[-7]],2]]]"),
    step(
      "2.6.12", "strides of -1", "leave a region of 64 bytes",
      "[[\"arena\",64,\"f32\",[[[1,\"N\"]],2]]],[\"arena\",64",
      "[[\"arena\",64,\"f32\",[[[1,\"N\"]],2],[-2,-1],0]],[\"arena\",64"),
    step(
      "2.6.12", "a result whose elements share places", "elements overlap",
      "]],[\"arena\",64,\"f32\",[[[1,\"N\"]],2]],{}]]",
      "]],[\"arena\",64,\"f32\",[[[1,\"N\"]],2],[0,0],0],{}]]"),
  ]

  /// A lie about the ports of the plan that answers, told to a command.
  private static func port(
    _ lie: PlanLie, _ command: @escaping @Sendable (String) -> [String]
  ) -> BadInput {
    let what = "\(command("")[0]): \(lie.testDescription)"
    return BadInput("2.6.+", what, .refused(lie.problem)) { folder in
      var parts = try PlanFileParts(path: try CompiledPlans.picture.get())
      try parts.edit(lie.change)
      return command(try folder.write(try parts.bytes, to: "x.plan"))
    }
  }

  /// What would make a session leave its memory.
  static let ports: [BadInput] = PlanLie.memory.flatMap { lie in
    [
      port(lie) {
        ["run", $0, "--image", "\(PictureRunTests.model)/picture.png", "--max-new-tokens", "2"]
      },
      port(lie) { ["bench", $0, "--rounds", "1"] },
    ]
  }

  private static func place(
    _ what: String, _ problem: String, _ make: @escaping @Sendable (String) -> Void
  ) -> BadInput {
    BadInput("2.6.24", what, .refused(problem)) { folder in
      make(folder.file("x.plan"))
      return ["verify", folder.file("x.plan")]
    }
  }

  static let places: [BadInput] = [
    place("a pipe", "not a regular file") { mkfifo($0, 0o600) },
    place("a device", "not a regular file") { symlink("/dev/zero", $0) },
    place("a link to itself", "Too many levels") { symlink("x.plan", $0) },
    place("nothing", "No such file") { _ in },
    BadInput("2.6.24", "a folder", .refused("config.json")) { folder in
      mkdir(folder.file("x.plan"), 0o700)
      return ["run", folder.file("x.plan"), "--image", "x.png"]
    },
    BadInput(
      "2.6.10", "an arena beyond the memory there is", .refused("it needs"),
      environment: ["PALIGRAPH_MEMORY_LIMIT": "10"]
    ) { folder in
      return try run(try CompiledPlans.small.get(), in: folder)
    },
    BadInput(
      "2.6.10", "a limit that is no number", .refused("no number of bytes"),
      environment: ["PALIGRAPH_MEMORY_LIMIT": "much"]
    ) { folder in
      return try run(try CompiledPlans.small.get(), in: folder)
    },
  ]
}
