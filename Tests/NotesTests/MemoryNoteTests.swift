import Compiler
import IR
import Plans
import Runtime
import Tensors
import Testing

/// Notes 3, 5 and 13: patches, kinds of tensors, and strided memory.
@Suite struct MemoryNoteTests {
  @Test func `patches become rows of a product, and no number is copied twice`() throws {
    let note = try Note("patch_embedding")
    #expect(note.module.counts()["patch_conv"] == 1)
    let module = try note.optimised([PassManager.pass(named: "patch_conv_to_matmul")]).module
    let counts = module.counts()
    #expect(counts["patch_conv"] == nil && counts["unfold"] == nil && counts["matmul"] == 1)
    // The columns of other convolutions hold a pixel once for each window that it is in.
    let function = try #require(module[function: "main"])
    let rows = try #require(function.operations.first { $0.op == "contiguous" })
    let pixels = function[function.parameters[0]].type.shape
    #expect(try function[rows.result].type.shape.elementCount() == pixels.elementCount())
    // Bias and positions go into the product, too.
    let optimised = try note.optimised().module.counts()
    #expect(optimised["linear"] == 1 && optimised["add"] == nil && optimised["patch_conv"] == nil)
  }

  // MARK: Kinds

  @Test func `weights, buffers and states are kinds of their own`() throws {
    let module = try Note("tensor_kinds").module
    let kinds = Dictionary(uniqueKeysWithValues: module.tensors.map { ($0.name, $0.kind) })
    #expect(
      kinds == [
        "scale": .weight, "running_mean": .buffer(persistent: true),
        "positions": .buffer(persistent: false), "seen": .state,
      ])
    // Each says in a dump what it is.
    let lines = module.description.split(separator: "\n").map { $0.drop { $0 == " " } }
    for start in ["weight %scale", "buffer %running_mean", "state %seen"] {
      #expect(lines.contains { $0.hasPrefix(start) && !$0.contains("non_persistent") })
    }
    #expect(lines.contains { $0.hasPrefix("buffer %positions") && $0.contains("non_persistent") })
  }

  @Test func `only what is in the checkpoint is asked for`() throws {
    var module = try Note("tensor_kinds").module
    for index in module.tensors.indices where module.tensors[index].name != "positions" {
      module.tensors[index].initializer = nil
    }
    var asked: [String] = []
    var interpreter = try Interpreter(module) { tensor in
      asked.append(tensor.name)
      return Note.random(1, [4])
    }
    _ = try interpreter.run("main", [Note.input("row")], symbols: ["P": 1])
    #expect(asked.sorted() == ["running_mean", "scale"])
  }

  @Test func `a state lives across calls, and other tensors do not change`() throws {
    let plan = try Note("tensor_kinds").plan()
    let executor = try Executor(plan)
    let places = try #require(executor.symbol(named: "P"))
    func step(_ place: Int, _ row: [Double]) throws -> HostTensor {
      try executor.setSymbol(places, to: place)
      let input = HostTensor(.f32, [1, 1, 1, 4], row)
      return HostTensor(try executor.run(0, inputs: [(name: "row", data: input.data)])[0].data)
    }
    // Symbols begin at 1: the first row of the state is still empty.
    let first = try step(1, [1, 2, 3, 4])
    let second = try step(2, [1, 2, 3, 4])
    #expect(first.shape == [1, 1, 2, 4] && second.shape == [1, 1, 3, 4])
    #expect(Array(second.values.prefix(8)) == first.values)
    // The third differs from the second by its place alone, which is a buffer.
    let difference = zip(second.rows[2], second.rows[1]).map(-)
    #expect(difference.allSatisfy { abs($0 - 1) < 1e-6 })
    executor.clearStates()
    #expect(try step(1, [1, 2, 3, 4]) == first)
  }

  // MARK: Views

  @Test func `a view of what does not lie row by row is refused`() throws {
    let error = try #require(throws: TextError.self) {
      try Module.parse(Note.text("view_without_contiguous"))
    }
    #expect(
      error.items.map(\.message) == [
        "strides [1x32] of f32[32x6] cannot be read as [4x48]; insert contiguous before reshape"
      ])
  }

  @Test func `copies go where strides can be read, and stay where they are needed`() throws {
    let note = try Note("contiguous")
    #expect(note.module.counts()["contiguous"] == 4)
    #expect(note.module.counts("columns")["contiguous"] == 1)
    let (module, reports) = try note.optimised()
    #expect(module.counts()["contiguous"] == nil && module.counts("columns")["contiguous"] == 1)
    // Four copies of 6·32 f32.
    let saved = reports.reduce(0) { $0 + $1.savedCopyBytes }
    #expect(saved == 4 * 6 * 32 * 4)
    let report = try #require(reports.first { $0.pass == "eliminate_copies" })
    #expect("\(report)".contains("\(report.savedCopyBytes) bytes of copies saved"))
  }
}
