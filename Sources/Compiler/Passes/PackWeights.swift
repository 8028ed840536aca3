import IR
import Tensors

extension Pass {
  /// `pack_weights` arranges each matrix that is only streamed in panels of 16 rows, which one row of
  /// activations and many, and every instruction set, read alike.
  ///
  /// Only whole matrices that are factors of `linear`, of products with a transposed weight, or
  /// tables of embeddings are packed: nothing else can read panels. f32 stays row-major for BLAS.
  static let packWeights = Pass(
    "pack_weights", .exact,
    "Arranges streamed matrices in the panels that kernels read."
  ) { module, context in
    let readable = module.matricesReadInPanels()
    for index in module.tensors.indices where readable.contains(TensorID(index)) {
      let tensor = module.tensors[index]
      guard tensor.packing == nil, let packing = WeightPacking(for: tensor.type.element),
        context.takeRewrite("pack_as_\(packing.rawValue)", "%\(tensor.name)")
      else { continue }
      module.tensors[index].packing = packing
    }
  }
}

extension WeightPacking {
  /// The packing that stores exactly these elements.
  fileprivate init?(for element: ElementType) {
    guard element == .bf16 else { return nil }
    self = .bf16
  }
}

extension Module {
  /// Weights and buffers with two axes whose every use reads panels.
  fileprivate func matricesReadInPanels() -> Set<TensorID> {
    var read: Set<TensorID> = []
    var refused: Set<TensorID> = []
    for function in functions {
      for operation in function.operations {
        for (index, operand) in operation.operands.enumerated() {
          guard let id = operand?.tensor else { continue }
          if KernelSelection.readsPanels(operation, index, of: self) {
            read.insert(id)
          } else {
            refused.insert(id)
          }
        }
      }
      refused.formUnion(function.results.compactMap(\.operand.tensor))
    }
    return read.subtracting(refused).filter { tensor($0).type.rank == 2 }
  }
}
