import Compiler
import IR
import Interchange
import PaliGraph
import Plans
import Tensors

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

  /// A whole plan file, opened only: its checksum keeps most changes out.
  static let planFile = FuzzEntry("plan-file") { folder in
    { bytes in
      let file = try PlanFile(path: folder.write(bytes, as: "plan.pgp"))
      let verified = Result { try file.verifyTensors() }
      plantedBug(when: (try? verified.get()) == nil)
      try verified.get()
    }
  }
}
