import IR
import Tensors

@testable import Compiler

/// A compiler with one wrong rewrite in it, and a graph on which it matters.
struct PlantedBug: Sendable {
  let name: String
  /// The wrong pass, which takes the place of the sound one of this name.
  let pass: Pass
  let graph: String
  var dtype = PassContext.DType.auto

  /// The pipeline with the wrong pass.
  var passes: [Pass] { PassManager.pipeline.map { $0.name == pass.name ? pass : $0 } }

  static let all: [PlantedBug] = attention + arithmetic + order + memory

  // MARK: Fusions

  private static let attention = [
    PlantedBug(
      "missing scale", .fuseAttention, FuseAttentionRules.attention, on: "gemma-block"
    ) { if $0.op == "attention" { $0.attributes["scale"] = .real(1) } },
    PlantedBug(
      "mask off by one", .fuseAttention, FuseAttentionRules.attention, on: "window"
    ) { operation in
      if let window = operation.attributes["window"]?.integer {
        operation.attributes["window"] = .integer(window + 1)
      }
    },
    PlantedBug("lost mask", .fuseAttention, FuseAttentionRules.attention, on: "window") {
      $0.attributes["causal"] = nil
    },
    PlantedBug("swapped operands", .fuseRope, FuseRopeRules.rope, on: "gemma-block") {
      if $0.op == "rope" { $0.operands.swapAt(1, 2) }
    },
    PlantedBug("missing offset", .fuseNorm, FuseNormRules.rmsNorm, on: "gemma-block") {
      $0.attributes["weight_offset"] = nil
    },
    PlantedBug("gate and up exchanged", .fuseEpilogue, FuseEpilogueRules.up, on: "gemma-block") {
      if $0.operands.count == 6, $0.operands[5] != nil { $0.operands.swapAt(1, 5) }
    },
    PlantedBug(
      "a patch turned", .patchConvToMatmul, PatchConvRules.unfold, on: "notes/patch_embedding"
    ) { operation in
      if operation.attributes["perm"]?.integers == [0, 2, 4, 1, 3, 5] {
        operation.attributes["perm"] = .integers([0, 2, 4, 1, 5, 3])
      }
    },
  ]

  // MARK: Arithmetic

  private static let arithmetic = [
    PlantedBug("wrong axis", .canonicalize, graph: "rows", rule: wrongAxis),
    PlantedBug("a difference turned round", .canonicalize, graph: "rows", rule: turnedDifference),
    PlantedBug("bias behind the activation", .fuseEpilogue, graph: "rows", rule: lateBias),
    PlantedBug("stale shape", .sinkSlices, SinkSlicesRules.sink, on: "rows") { operation in
      if operation.op == "reshape" { operation.attributes["shape"] = .integers([6, 2, 2]) }
    },
    PlantedBug("places counted from 0", .foldConstants, graph: "gemma-block") { module in
      module.editOperations { operation in
        guard operation.op == "slice", operation.attributes["start"]?.dimension?.constant == 1,
          let end = operation.attributes["end"]?.dimension
        else { return }
        operation.attributes["start"] = .integer(0)
        operation.attributes["end"] = .dimension((try? end - 1) ?? end)
      }
    },
  ]

  /// softmax(x) along any axis => along the last
  private static let wrongAxis = RewriteRule("last_axis", on: ["softmax"], "wrong") {
    anchor, graph in
    guard anchor.attributes["axis"] != nil else { return nil }
    var patch = graph.patch()
    let result = try patch.append("softmax", anchor.operands)
    return try patch.replacing(with: result)
  }

  /// c - x => x - c
  private static let turnedDifference = RewriteRule("constant_left", on: ["sub"], "wrong") {
    anchor, graph in
    guard graph.scalar(anchor.operands[0]) != nil, graph.scalar(anchor.operands[1]) == nil else {
      return nil
    }
    var patch = graph.patch()
    let result = try patch.append("sub", anchor.operands.reversed())
    return try patch.replacing(with: result)
  }

  /// activation(x·wᵀ) + b => activation(x·wᵀ + b)
  private static let lateBias = RewriteRule("bias", on: ["add"], "wrong") { anchor, graph in
    guard let linear = graph.definition(of: anchor.operands[0], is: "linear"),
      linear.attributes["activation"] != nil, let bias = anchor.operands[1],
      graph.type(of: bias).rank == 1
    else { return nil }
    var patch = graph.patch()
    var operands = linear.operands
    operands[2] = bias
    let result = try patch.append("linear", operands, linear.attributes)
    return try patch.replacing(with: result)
  }

  // MARK: Sharing and order

  private static let order = [
    PlantedBug(
      "a square transpose taken for none", .eliminateCopies, graph: "rows", rule: lostTranspose),
    PlantedBug(
      "writes that nothing reads", graph: "cache",
      Pass("dead_code", .exact, "Drops operations.", rewrites: []) { module, context in
        for index in module.functions.indices {
          let (users, returned) = module.functions[index].uses()
          module.functions[index].operations.removeAll { operation in
            operation.results.allSatisfy {
              users[$0.index].isEmpty && returned[$0.index] == 0
            } && context.takeRewrite("dead_operation", operation.op)
          }
        }
      }),
    PlantedBug(
      "attributes are not compared", graph: "rows",
      Pass(
        "common_subexpressions", .exact, "Merges.",
        rules: [
          RewriteRule("common_subexpression", on: ["slice"], "wrong") { anchor, graph in
            guard let source = anchor.operands[0]?.value else { return nil }
            let type = graph.type(of: .value(anchor.result))
            let twins = graph.readers(of: source).filter {
              $0.op == "slice" && graph.type(of: .value($0.result)) == type
            }
            guard let first = twins.min(by: { $0.result.index < $1.result.index }),
              first.result.index < anchor.result.index
            else { return nil }
            return try graph.replacing(with: .value(first.result))
          }
        ])),
    PlantedBug(
      "rounds what it should keep", graph: "gemma-block", dtype: .f32,
      Pass("quantize", .approximating, "Rounds.", rewrites: []) { module, context in
        guard let index = module.tensors.firstIndex(where: { $0.name == "gate.weight" }),
          context.takeRewrite("store_as_f32", "%gate.weight")
        else { return }
        context.exactness = .exact
        module.tensors[index].type.element = .bf16
      }),
  ]

  /// contiguous(transpose(x)) => x where the shapes are equal
  private static let lostTranspose = RewriteRule("strided_read", on: ["contiguous"], "wrong") {
    anchor, graph in
    guard let turned = graph.definition(of: anchor.operands[0], is: "transpose"),
      let x = turned.operands[0], graph.type(of: x) == graph.type(of: .value(anchor.result))
    else { return nil }
    return try graph.replacing(with: x)
  }

  // MARK: Lowering

  private static let memory = [
    PlantedBug(
      "everything in one place", graph: "rows",
      Pass("plan_memory", .exact, "Places.", rewrites: []) { module, context in
        try Pass.planMemory.transform(&module, &context)
        for index in module.functions.indices {
          for value in module.functions[index].values.indices
          where module.functions[index].values[value].offset != nil {
            module.functions[index].values[value].offset = 0
          }
        }
      }),
    PlantedBug(
      "strides that a kernel cannot read", graph: "rows",
      Pass("select_kernels", .exact, "Selects.", rewrites: []) { module, context in
        for index in module.functions.indices where context.takeRewrite("select", "@f") {
          KernelSelection.select(in: &module.functions[index], of: module)
        }
      }),
  ]
}

extension PlantedBug {
  /// A sound rule whose patches are edited.
  private init(
    _ name: String, _ pass: Pass, _ rule: RewriteRule, on graph: String,
    edit: @escaping @Sendable (inout Operation) -> Void
  ) {
    let wrong = RewriteRule(rule.name, on: rule.anchors, "wrong") { anchor, rewritten in
      try rule.body(anchor, rewritten).map { patch in
        var operations = patch.operations
        for index in operations.indices { edit(&operations[index]) }
        return Patch(
          operations: operations, values: patch.values, nameBases: patch.nameBases,
          tensors: patch.tensors, replacement: patch.replacement, layout: patch.layout)
      }
    }
    self.init(name, pass, graph: graph, rule: wrong)
  }

  /// One more rule, which is tried before the sound ones.
  private init(_ name: String, _ pass: Pass, graph: String, rule: RewriteRule) {
    let wrong = Pass(pass.name, pass.exactness, pass.summary, rules: [rule] + pass.rules)
    self.init(name: name, pass: wrong, graph: graph)
  }

  /// A sound pass whose module is edited.
  private init(
    _ name: String, _ pass: Pass, graph: String, edit: @escaping @Sendable (inout Module) -> Void
  ) {
    let wrong = Pass(pass.name, pass.exactness, pass.summary, rewrites: pass.rewrites) {
      module, context in
      try pass.transform(&module, &context)
      edit(&module)
    }
    self.init(name: name, pass: wrong, graph: graph)
  }

  private init(
    _ name: String, graph: String, dtype: PassContext.DType = .auto, _ pass: Pass
  ) {
    self.init(name: name, pass: pass, graph: graph, dtype: dtype)
  }
}

extension Module {
  fileprivate mutating func editOperations(_ edit: (inout Operation) -> Void) {
    for function in functions.indices {
      for index in functions[function].operations.indices {
        edit(&functions[function].operations[index])
      }
    }
  }
}
