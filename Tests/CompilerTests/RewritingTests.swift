import IR
import Tensors
import Testing

@testable import Compiler

/// What passes share: the classes, the walk over a function, known values and the record of changes.
@Suite struct RewritingTests {
  @Test func `classes of passes are ordered by how far results may move`() {
    let classes: [Pass.Exactness] = [.approximating, .exact, .reassociating]
    #expect(classes.sorted() == [.exact, .reassociating, .approximating])
    #expect(!classes.contains { $0 < $0 })
  }

  @Test(arguments: [RewriteRule.sweepLimit - 1, RewriteRule.sweepLimit])
  func `the last sweep changes nothing`(changes: Int) throws {
    let rule = RewriteRule("count", on: ["constant"], "c => c + 1 up to a limit") { anchor, graph in
      guard let value = anchor.attributes["value"]?.real, value < Double(changes) else {
        return nil
      }
      return try graph.respelled(anchor, [], ["value": .real(value + 1)])
    }
    let pass = Pass("count", .exact, "Counts.", rules: [rule])
    var module = try Module.parse(
      "module @m { func @f() -> (f32[]) { %c = constant() {value = 0.0} : f32[] return %c } }")
    var context = PassContext()
    let reports = try? PassManager(passes: [pass]).run(&module, context: &context)
    #expect((reports != nil) == (changes < RewriteRule.sweepLimit))
  }

  @Test func `a value that the checkpoint has is known when it is that of a buffer`() throws {
    var module = try Module.parse(
      """
      module @m {
        weight %w : f32[2]
        buffer %known : f32[2]
        buffer %other : f32[2]
        state %s : f32[2]

        func @f() -> (f32[2], f32[2], f32[2], f32[2]) {
          %one = constant() {value = 1.0} : f32[]
          %a   = add(%w, %one)            : f32[2]
          %b   = add(%known, %one)        : f32[2]
          %c   = add(%other, %one)        : f32[2]
          %d   = add(%s, %one)            : f32[2]
          return %a, %b, %c, %d
        }
      }
      """)
    var context = PassContext()
    context.bufferSource = { tensor in
      switch tensor.name {
      case "known": HostTensor(.f32, [2], [1, 2])
      case "other": HostTensor(.f32, [1, 2], [3, 4])
      default: HostTensor(.f32, [2], [5, 6])
      }
    }
    try PassManager(passes: [.foldConstants]).run(&module, context: &context)
    #expect(module.tensors.map(\.name) == ["w", "known", "other", "s", "b.folded"])
    #expect(module.tensors.last?.initializer == .dense([2, 3]))
  }

  @Test func `only the values of tensors that passes made are made`() throws {
    var context = PassContext()
    context.constants["made"] = HostTensor(.f32, [2], [1, 2])
    let value = { (name: String) in
      try context.madeValue(of: ModuleTensor(name, TensorType(.f32, [2]), .weight)) {
        throw OpError("%\($0) is read")
      }
    }
    #expect(try value("made") != nil)
    #expect(try value("given") == nil)
  }

  @Test(arguments: [(rows: 4096, isFolded: true), (rows: 4097, isFolded: false)])
  func `weights of up to 64 MiB are folded`(rows: Int, isFolded: Bool) throws {
    var module = try Module.parse(
      """
      module @m {
        weight %w : f32[\(rows)x4096]

        func @f(%x: f32[1x4096]) -> (f32[1x\(rows)]) {
          %n = neg(%w)                               : f32[\(rows)x4096]
          %y = matmul(%x, %n) {transpose_b = true} : f32[1x\(rows)]
          return %y
        }
      }
      """)
    var context = PassContext()
    try PassManager(passes: [.foldWeights]).run(&module, context: &context)
    #expect((module.tensorID(named: "n.folded") != nil) == isFolded)
  }

  /// The two negations that are moved in front of the reshape come and go within the pass.
  @Test func `changes are recorded by rule and by the operations before the pass`() throws {
    var module = try Module.parse(
      """
      module @m {
        func @f(%x: f32[2x3x4]) -> (f32[6x4]) {
          %a = reshape(%x) {shape = [6, 4]} : f32[6x4]
          %b = neg(%a)                      : f32[6x4]
          %c = neg(%b)                      : f32[6x4]
          return %c
        }
      }
      """)
    var context = PassContext()
    let reports = try PassManager(named: ["canonicalize"]).run(&module, context: &context)
    #expect(reports[0].rewrites == ["reshaped_elements": 2, "double_negation": 1])
    let changes = try #require(reports[0].provenance.functions.first)
    #expect(
      changes.made
        == ["c": Derivation(rules: ["reshaped_elements"], sources: ["c", "b", "a"])])
    #expect(changes.removed.keys.sorted() == ["a", "b"])
  }
}
