import Compiler
import IR
import Interchange
import JSON
import PaliGraph
import Plans
import Runtime
import Tensors
import Validation

extension FuzzEntry {
  /// The format of ONNX files, without a look at the nodes.
  static let onnxWire = FuzzEntry("onnx-wire") { folder in
    { bytes in
      let model = try ONNXInterface(path: folder.write(bytes, as: "model.onnx"))
      for constant in try model.constants() where constant.value.elementCount <= 4096 {
        touch(constant.value)
      }
      plantedBug(when: model.operators.contains { $0 != "Add" && $0.utf8.count == 3 })
    }
  }

  /// A named dimension that models may have.
  private static var openSizes: InputSizes { InputSizes(dims: [(name: "N", extent: .upTo(3))]) }

  /// A model as a module, its plan, and what that computes.
  static let onnx = FuzzEntry("onnx") { folder in
    { bytes in
      let path = try folder.write(bytes, as: "model.onnx")
      let source = try ModelSource(path: path)
      let imported = try (try? source.load()) ?? source.load(sizes: openSizes)
      let values = imported.source
      try GraphCheck(imported.module, context: imported.context(.auto)) { tensor in
        try values(tensor.name).map(HostTensor.init)
      }.run()
      plantedBug(
        when: imported.module.functions[0].operations.contains {
          ["mul", "sub", "div", "sqrt", "exp"].contains($0.op)
        })
    }
  }

  /// A textual graph, what it prints as, its plan, and what that computes.
  static let graph = FuzzEntry("graph") { _ in
    { bytes in
      let module = try Module.parse(bytes: bytes)
      let text = "\(module)"
      require("\(try Module.parse(text))" == text, "what is printed reads the same")
      try GraphCheck(module).run()
      plantedBug(when: module.symbols.contains { $0.bound == 7 })
    }
  }

  /// The step list of a plan, and where it is sound and small the plan in a file, executed.
  static let plan = FuzzEntry("plan") { folder in
    { bytes in
      let plan = try PlanFile.plan(stepList: String(decoding: bytes, as: UTF8.self))
      guard plan.weightBytes + plan.arenaBytes + plan.stateBytes <= 1 << 16,
        plan.functions.allSatisfy({ $0.steps.count <= 16 })
      else { return }
      let path = "\(folder.path)/plan.pgp"
      try PlanWriter.write(plan, extras: [], to: path) { tensor in
        TensorData(
          (0..<tensor.shape.reduce(1, *)).map { Float($0 % 3) }, shape: tensor.shape)
      }
      try run(PlanFile(path: path))
      plantedBug(when: plan.name != "m")
    }
  }

  /// A whole plan file, opened only: its checksum keeps most changes out.
  static let planFile = FuzzEntry("plan-file") { folder in
    { bytes in
      let file = try PlanFile(path: folder.write(bytes, as: "plan.pgp"))
      let verified = Result { try file.verifyTensors() }
      plantedBug(when: (try? verified.get()) == nil)
      try verified.get()
    }
  }

  /// Every function at the smallest and the largest sizes.
  private static func run(_ file: PlanFile) throws {
    let executor = try Executor(file, threads: 1)
    for isLargest in [false, true] {
      for (index, symbol) in file.plan.symbols.enumerated() {
        try executor.setSymbol(index, to: isLargest ? symbol.bound : 1)
      }
      for function in file.plan.functions.indices {
        try executor.run(function)
        for port in file.plan.functions[function].outputs.indices {
          guard let output = executor.output(port, of: function), output.count <= 1 << 16 else {
            continue
          }
          blackHole(output.tensorData.byteCount)
        }
      }
    }
  }
}
