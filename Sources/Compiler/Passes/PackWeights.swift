import IR
import Tensors

extension Pass {
  /// `pack_weights` arranges each matrix that is only streamed in panels of 16 rows, which one row of
  /// activations and many, and every instruction set, read alike.
  ///
  /// Only whole matrices that are factors of `linear`, of products with a transposed weight, or
  /// tables of embeddings are packed: nothing else can read panels.
  static let packWeights = Pass(
    "pack_weights", .exact,
    "Arranges streamed matrices in the panels that kernels read.",
    rewrites: [
      Rewrite("pack_as_f32_panels", "a matrix in f32 => panels of 16 of its rows"),
      Rewrite("pack_as_bf16_panels", "a matrix in bf16 => panels of 16 of its rows"),
    ]
  ) { module, context in
    for (id, uses) in module.panelUses().sorted(by: { $0.key.index < $1.key.index }) {
      let (index, tensor) = (id.index, module.tensor(id))
      guard !uses.contains(.other), tensor.packing == nil,
        let packing = WeightPacking(for: tensor.type.element),
        context.takeRewrite("pack_as_\(packing.rawValue)", "%\(tensor.name)")
      else { continue }
      module.tensors[index].packing = packing
    }
  }
}

extension WeightPacking {
  /// The packing that stores exactly these elements.
  fileprivate init?(for element: ElementType) {
    switch element {
    case .f32: self = .f32
    case .bf16: self = .bf16
    default: return nil
    }
  }
}

extension Module {
  /// What an operation does with a tensor: reads panels as a factor or as a table, or cannot.
  enum PanelUse {
    case factor, table, window, other
  }

  /// How functions use each tensor that they read.
  func panelUses() -> [TensorID: Set<PanelUse>] {
    var uses: [TensorID: Set<PanelUse>] = [:]
    for function in functions {
      for operation in function.operations {
        for (index, operand) in operation.operands.enumerated() {
          guard let id = operand?.tensor else { continue }
          let isReadable = KernelSelection.readsPanels(operation, index, of: self)
          let use: PanelUse =
            operation.op == "embedding" ? .table : operation.op == "conv" ? .window : .factor
          uses[id, default: []].insert(isReadable ? use : .other)
        }
      }
      for id in function.results.compactMap(\.operand.tensor) {
        uses[id, default: []].insert(.other)
      }
    }
    return uses
  }
}
