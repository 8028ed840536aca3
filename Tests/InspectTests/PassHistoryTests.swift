import Compiler
import IR
import Inspect
import Testing

/// Where operations came from, through every pass.
@Suite struct PassHistoryTests {
  @Test(arguments: CompiledGraphs.names)
  func `every operation leads back to operations that were imported`(name: String) throws {
    let history = try CompiledGraphs.history(name)
    #expect(history.snapshots.count > 2)
    for function in history.last.module.functions {
      let before = try #require(history.snapshots[0].module[function: function.name])
      let imported = Set(before.operations.map { before[$0.result].name })
      let parameters = Set(before.parameters.map { before[$0].name })
      for operation in function.operations {
        let value = function[operation.result].name
        let origins = history.origin(of: value, in: function.name)?.imported ?? [value]
        let isInserted = history.snapshots.contains {
          $0.functions[function.name]?.made[value]?.rules == ["select"]
        }
        #expect(!origins.isEmpty || isInserted, "@\(function.name), %\(value) came from nowhere")
        for origin in origins {
          #expect(
            imported.contains(origin) || parameters.contains(origin),
            "@\(function.name), %\(value) came from %\(origin)")
        }
      }
    }
  }

  @Test(arguments: CompiledGraphs.names)
  func `what is gone and what is new after a pass is accounted for`(name: String) throws {
    let history = try CompiledGraphs.history(name)
    for (before, after) in zip(history.snapshots, history.snapshots.dropFirst()) {
      for function in after.module.functions {
        let old = try #require(before.module[function: function.name])
        let (names, oldNames) = (definitions(function), definitions(old))
        let changes = try #require(after.functions[function.name])
        let pass = after.report?.pass ?? ""
        #expect(
          Set(changes.removed.keys) == oldNames.subtracting(names), "\(pass) in @\(function.name)")
        #expect(
          names.subtracting(oldNames).isSubset(of: changes.made.keys), "\(pass) @\(function.name)")
        for derivation in changes.made.values {
          #expect(!derivation.rules.isEmpty)
          #expect(
            Set(derivation.sources).isSubset(
              of: oldNames.union(old.parameters.map { old[$0].name })), "\(pass)")
        }
      }
    }
  }

  private func definitions(_ function: Function) -> Set<String> {
    Set(function.operations.map { function[$0.result].name })
  }

  @Test func `a chain of rewrites in one pass is one derivation`() throws {
    let module = try Module.parse(
      """
      module @chain {
        func @main(%x: f32[2x3x4]) -> (f32[24]) {
          %a = reshape(%x) {shape = [6, 4]} : f32[6x4]
          %b = reshape(%a) {shape = [4, 6]} : f32[4x6]
          %c = reshape(%b) {shape = [24]} : f32[24]
          return %c
        }
      }
      """)
    let history = try CompiledGraphs.history(
      of: module, passes: [PassManager.pass(named: "canonicalize")])
    let origin = try #require(history.origin(of: "c", in: "main"))
    #expect(Set(origin.imported) == ["a", "b", "c"])
    #expect(origin.steps.map(\.pass) == ["canonicalize"])
    #expect(history.last.functions["main"]?.removed.keys.sorted() == ["a", "b"])
  }

  @Test func `an operation that no pass touched has no origin`() throws {
    let history = try CompiledGraphs.history("siglip-block", passes: [])
    #expect(history.snapshots.count == 1)
    #expect(history.origin(of: "out", in: "main") == nil)
  }
}
