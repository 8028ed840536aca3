import Compiler
import Foundation
import IR
import Inspect
import JSON
import Testing

/// The JSON dump against its schema and against the module it was made of.
@Suite struct ModuleDumpTests {
  private func schema() throws -> JSONSchema {
    let url = CompiledGraphs.root.appendingPathComponent("docs/dump-format.schema.json")
    return JSONSchema(
      root: try JSON.parse(
        Array(try Data(contentsOf: url)), limits: JSON.Limits(bytes: 1 << 20)))
  }

  /// What a reader of the dump's text sees.
  private func reread(_ dump: ModuleDump) throws -> JSON {
    try JSON.parse(dump.json.encoded(), limits: JSON.Limits(bytes: 1 << 26))
  }

  @Test(arguments: CompiledGraphs.names)
  func `a dump fits the schema and rebuilds the module, at every stage`(name: String) throws {
    let schema = try schema()
    for snapshot in try CompiledGraphs.history(name).snapshots {
      let stage = snapshot.report?.pass ?? "imported"
      let json = try reread(ModuleDump(snapshot.module, stage: stage))
      #expect(schema.faults(in: json).prefix(3) == [], "after \(stage)")
      let rebuilt = try RebuiltModule(JSONField(json)).module
      #expect(rebuilt.description == snapshot.module.description, "after \(stage)")
      #expect(Verifier.diagnostics(of: rebuilt).isEmpty)
      #expect(json["stage"] == .string(stage))
    }
  }

  @Test func `every kind of value and attribute survives`() throws {
    let module = try Module.parse(
      """
      module @kinds {
        symbol T <= 8
        weight %w : bf16[4x2]
        buffer %i : i64[3] {non_persistent, value = iota}
        buffer %s : f32[2] {non_persistent, value = splat(-inf)}
        buffer %d : f32[2] {non_persistent, value = [1.0, nan]}
        buffer %r : f32[2] {non_persistent, value = random(7, 0.5)}
        buffer %f : f32[2] {non_persistent, value = rope_frequencies(10000.0)}
        state %k : f32[1x8x2]

        func @main(%x: f32[(T+1)x2]) -> (out: f32[2x(T+1)], f32[(T+1)x2]) {
          %c = constant() {value = inf} : f32[]
          %y = add(%x, %c) : f32[(T+1)x2]
          %t = transpose(%y) {perm = [1, 0]} : f32[2x(T+1)]
          return %t, %y
        }
      }
      """)
    let json = try reread(ModuleDump(module, stage: "imported"))
    #expect(try schema().faults(in: json) == [])
    #expect(try RebuiltModule(JSONField(json)).module.description == module.description)
  }

  @Test func `the schema refuses what does not belong there`() throws {
    let schema = try schema()
    let good = try reread(
      ModuleDump(CompiledGraphs.module("siglip-block"), stage: "imported"))
    guard case .object(let members) = good else { return }
    #expect(schema.faults(in: good) == [])
    let more = JSON.object(members + [.init("more", 1)])
    #expect(schema.faults(in: more) == ["$.more is not in the schema"])
    let less = JSON.object(members.filter { $0.key != "tensors" })
    #expect(schema.faults(in: less) == ["$ has no \"tensors\""])
    let other = JSON.object(members.map { $0.key == "version" ? .init("version", 2) : $0 })
    #expect(schema.faults(in: other) == ["$.version is not 1"])
  }

  @Test func `one function alone can be dumped`() throws {
    let module = try CompiledGraphs.module("mini-paligemma")
    let json = try reread(ModuleDump(module, stage: "imported", function: "decode"))
    #expect(json["functions"]?.elements.map { $0["name"] } == ["decode"])
    #expect(try schema().faults(in: json) == [])
  }

  @Test func `operations say which passes made them, of what`() throws {
    let history = try CompiledGraphs.history("siglip-block", passes: PassManager.optimizing)
    let dump = ModuleDump(history.last.module, stage: "optimized", history: history)
    let json = try reread(dump)
    #expect(try schema().faults(in: json) == [])
    let operations = json["functions"]?.elements[0]["operations"]?.elements ?? []
    let attention = try #require(operations.first { $0["op"] == "attention" })
    let passes = attention["origin"]?["made_by"]?.elements.map { $0["pass"] } ?? []
    #expect(passes.contains("fuse_attention"))
    #expect((attention["origin"]?["from"]?.elements.count ?? 0) >= 3)
  }
}
