import Foundation
import IR
import Plans
import Testing

@testable import Compiler

@Suite struct PassManagerTests {
  /// Three rewrites of two passes: both neutral elements go, then a dead operation.
  static let graph = """
    module @m {
      func @f(%x: f32[3]) -> (f32[3]) {
        %one  = constant() {value = 1.0} : f32[]
        %a    = mul(%x, %one)            : f32[3]
        %b    = div(%a, %one)            : f32[3]
        %y    = exp(%b)                  : f32[3]
        %dead = neg(%y)                  : f32[3]
        return %y
      }
    }
    """

  @Test(arguments: PassManager.orderConstraints)
  func `the pipeline keeps its ordering constraints`(
    constraint: PassManager.OrderConstraint
  ) throws {
    let names = PassManager.pipeline.map(\.name)
    let firstBefore = try #require(names.firstIndex(of: constraint.before))
    let firstAfter = try #require(names.firstIndex(of: constraint.after))
    #expect(firstBefore < firstAfter, "\(constraint.reason)")
  }

  @Test func `every pass has a name and a sentence`() {
    for pass in PassManager.all {
      #expect(pass.name.utf8.allSatisfy { $0 == UInt8(ascii: "_") || $0 > 96 })
      #expect(pass.summary.hasSuffix("."))
    }
  }

  @Test func `a report counts rewrites, operations and copied bytes`() throws {
    var module = try Module.parse(Self.graph)
    var context = PassContext()
    let reports = try PassManager(named: ["canonicalize", "dead_code"]).run(
      &module, context: &context)
    #expect(reports.map(\.rewriteCount) == [2, 1])
    #expect(reports[0].rewrites == ["neutral_element": 2])
    #expect(reports.map(\.before.operations) == [5, 2])
    #expect(reports.map(\.after.operations) == [2, 1])
    #expect(reports[0].description.hasPrefix("canonicalize: 2 rewrites, 5 -> 2 operations, "))
  }

  @Test(arguments: [(0, 5), (1, 4), (2, 2), (3, 1), (4, 1)])
  func `only the first rewrites are applied`(limit: Int, operations: Int) throws {
    var module = try Module.parse(Self.graph)
    var context = PassContext()
    context.rewriteLimit = limit
    try PassManager(named: ["canonicalize", "dead_code"]).run(&module, context: &context)
    #expect(module.functions[0].operations.count == operations)
    #expect(context.rewriteCount == min(limit, 3))
  }

  @Test(arguments: [("bf16", Pass.Exactness.approximating), ("f32", .exact)])
  func `to round attention is no exact change`(weight: String, expected: Pass.Exactness) throws {
    var module = try Module.parse(
      """
      module @m {
        weight %w : \(weight)[8x8]

        func @f(%x: f32[1x1x256x8]) -> (f32[1x256x1x8]) {
          %q = linear(%x, %w)                      : f32[1x1x256x8]
          %y = attention(%q, %x, %x) {scale = 0.5} : f32[1x256x1x8]
          return %y
        }
      }
      """)
    var context = PassContext()
    context.dtype = .auto
    let reports = try PassManager(passes: [.quantize]).run(&module, context: &context)
    #expect(reports.map(\.exactness) == [expected])
  }

  /// Two functions, of which the first needs more memory.
  static let functions = """
    module @m {
      func @wide(%x: f32[3x16]) -> (f32[3x16]) {
        %a = exp(%x) : f32[3x16]
        %y = add(%a, %x) : f32[3x16]
        return %y
      }
      func @narrow(%x: f32[16]) -> (f32[16]) {
        %a = exp(%x) : f32[16]
        %y = add(%a, %x) : f32[16]
        return %y
      }
    }
    """

  @Test func `functions share an arena that is as large as the largest needs`() throws {
    var module = try Module.parse(Self.functions)
    var context = PassContext()
    let reports = try PassManager(passes: [.planMemory]).run(&module, context: &context)
    #expect(reports[0].remark == "arena 384 bytes, lower bound 384")
    #expect(!context.arenaSearchStopped)
  }

  /// The sum is computed in place.
  @Test func `spread memory gives every other value a place of its own`() throws {
    var module = try Module.parse(Self.functions)
    var context = PassContext()
    context.rewriteLimit = 1
    try PassManager(passes: [.spreadMemory]).run(&module, context: &context)
    #expect(module.functions[0].values.map(\.offset) == [0, 192, 192])
    #expect(module.functions[1].values.map(\.offset) == [nil, nil, nil])
  }

  @Test(arguments: [
    (
      "func @f(%x: f64[3]) -> (f64[3]) { %y = neg(%x) : f64[3] return %y }",
      "@f, %y = neg: no kernel computes in f64; cast to f32 before"
    ),
    (
      """
      func @f(%x: f32[1x1x1x3x2], %t: f32[3x2]) -> (f32[1x1x1x3x2]) {
        %y = rope(%x, %t, %t) : f32[1x1x1x3x2]
        return %y
      }
      """, "@f, %y = rope: no kernel turns 5 axes; merge some with reshape"
    ),
  ])
  func `what no kernel computes is refused`(function: String, message: String) throws {
    var module = try Module.parse("module @m { \(function) }")
    var context = PassContext()
    let error = #expect(throws: PassError.self) {
      try PassManager(passes: [.selectKernels]).run(&module, context: &context)
    }
    #expect(error?.description == "pass select_kernels: \(message)")
  }

  @Test func `a plan has the tensors that functions read or return, and all states`() throws {
    let module = try Module.parse(
      """
      module @m {
        weight %read : f32[3]
        weight %returned : f32[3]
        weight %unused : f32[3]
        state %first : f32[3]
        state %second : f32[3]

        func @f(%x: f32[3]) -> (f32[3], f32[3], f32[3]) {
          %y = add(%x, %read)   : f32[3]
          %z = neg(%second)     : f32[3]
          return %y, %z, %returned
        }
      }
      """)
    let plan = try Compilation(module).plan
    #expect(plan.tensors.map(\.name) == ["read", "returned"])
    #expect(plan.states.map(\.name) == ["first", "second"])
  }

  @Test func `an unknown pass is refused by name`() {
    let error = #expect(throws: UnknownPass.self) { try PassManager(named: ["fuse_evrything"]) }
    #expect(
      error?.description.hasPrefix("there is no pass 'fuse_evrything'; the passes are ") == true)
  }

  @Test func `a failing rule is named with its operation and leaves the module alone`() throws {
    let rule = RewriteRule("widen", on: ["exp"], "exp(x) => a wider one") { anchor, graph in
      var patch = graph.patch()
      let wide = try patch.append("cast", anchor.operands, ["to": .word("f64")])
      return try patch.replacing(with: wide)
    }
    let pass = Pass("break_types", .exact, "Breaks types.", rules: [rule])
    var module = try Module.parse(Self.graph)
    let text = module.description
    var context = PassContext()
    let error = #expect(throws: PassError.self) {
      try PassManager(passes: [pass]).run(&module, context: &context)
    }
    #expect(
      error?.description
        == "pass break_types (widen): @f, %y = exp: the replacement has type f64[3], expected f32[3]"
    )
    #expect(module.description == text)
  }

  @Test func `rules that undo each other are stopped`() throws {
    let rule = RewriteRule("flip", on: ["neg", "abs"], "neg(x) <=> abs(x)") { anchor, graph in
      var patch = graph.patch()
      let flipped = try patch.append(anchor.op == "neg" ? "abs" : "neg", anchor.operands)
      return try patch.replacing(with: flipped)
    }
    let pass = Pass("flip_flop", .exact, "Flips.", rules: [rule])
    var module = try Module.parse(Self.graph)
    var context = PassContext()
    let error = #expect(throws: PassError.self) {
      try PassManager(passes: [pass]).run(&module, context: &context)
    }
    #expect(error?.description.contains("do not settle") == true)
  }

  @Test func `a pass that breaks the module is named`() throws {
    let pass = Pass("drop_all", .exact, "Drops all operations.", rewrites: []) { module, _ in
      module.functions[0].operations = []
    }
    var module = try Module.parse(Self.graph)
    var context = PassContext()
    let error = #expect(throws: PassError.self) {
      try PassManager(passes: [pass], options: .init(verifiesBetween: true))
        .run(&module, context: &context)
    }
    #expect(error?.pass == "drop_all")
    #expect(error?.description.contains("returns a value that is not defined") == true)
  }

  @Test func `dumps are numbered by position`() throws {
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("passes-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    var options = PassManager.Options()
    options.dump(after: ["dead_code"], to: directory.path)
    var module = try Module.parse(Self.graph)
    var context = PassContext()
    try PassManager(named: ["canonicalize", "dead_code"], options: options)
      .run(&module, context: &context)
    let files = try FileManager.default.contentsOfDirectory(atPath: directory.path)
    #expect(files == ["02-dead_code.pg"])
    let text = try String(
      contentsOf: directory.appendingPathComponent("02-dead_code.pg"), encoding: .utf8)
    #expect(text == module.description)
  }
}
