import CKernels
import Testing

@testable import Runtime

/// Scratch is set aside for the largest sizes of a plan and must suffice for all smaller ones, whose
/// tiles may be larger.
@Suite struct ScratchTests {
  @Test(arguments: [1, 17, 32, 33, 100, 513, 577, 1100], [1, 17, 300, 2100])
  func `scratch for many rows of a linear layer suffices for fewer`(bound: Int, outputs: Int) throws
  {
    let kernels = try makeKernels(threads: 1)
    let number = TestBuffer<Float>(count: 1)
    for inputs in [1, 64, 3000] {
      let stated = Kernels.linearScratch(rows: bound, inputs: inputs, outputs: outputs)
      for rows in 1...bound {
        // The output as its own residual takes most.
        let arguments = LinearArguments(
          out: number.pointer, x: number.constant, weight: .f32(number.constant), rows: rows,
          inputs: inputs, outputs: outputs,
          epilogue: Epilogue(residual: number.constant, residualRowStride: outputs))
        let needed =
          rows <= Kernels.streamedRows
          ? StreamedLinear(arguments, kernels: kernels).scratch
          : BlockedLinear(arguments, kernels: kernels).scratch
        #expect(needed.union(stated) == stated, "\(rows) rows, \(inputs) inputs")
      }
    }
  }

  @Test(arguments: [1, 2, 8, 40], [1, 4, 31, 33, 129, 300])
  func `scratch for many queries and keys suffices for fewer`(group: Int, bound: Int) {
    func shape(_ queries: Int, _ keys: Int) -> AttentionShape {
      AttentionShape(
        batch: 1, queryHeads: 2 * group, keyHeads: 2, queries: queries, keys: keys, headSize: 8,
        valueSize: 24)
    }
    for keyBound in [1, 256, 700] {
      let stated = Kernels.attentionScratch(shape(bound, keyBound))
      for queries in 1...bound {
        for keys in Set([1, keyBound / 2, keyBound - 1, keyBound]) where keys > 0 {
          let needed = AttentionGrid(shape(queries, keys)).scratch
          #expect(needed.union(stated) == stated, "\(queries) queries, \(keys) keys")
        }
      }
    }
  }

  /// The largest extents may be cut into smaller tiles than smaller ones.
  @Test func `scratch for a large weight suffices for smaller ones`() throws {
    let kernels = try makeKernels(threads: 1)
    let number = TestBuffer<Float>(count: 1)
    for bound in [1030, 2100] {
      let stated = Kernels.linearScratch(rows: 600, inputs: bound, outputs: bound)
      for size in [1, 16, 17, 255, 256, 1024, 2048, bound] where size <= bound {
        for rows in [33, 512, 600] {
          let arguments = LinearArguments(
            out: number.pointer, x: number.constant, weight: .f32(number.constant), rows: rows,
            inputs: size, outputs: size,
            epilogue: Epilogue(residual: number.constant, residualRowStride: size))
          let needed = BlockedLinear(arguments, kernels: kernels).scratch
          #expect(needed.union(stated) == stated, "\(rows) rows, \(size) of \(bound)")
        }
      }
    }
  }

  @Test func `scratch for large groups of heads suffices for smaller ones`() {
    func shape(_ group: Int, _ queries: Int) -> AttentionShape {
      AttentionShape(
        batch: 1, queryHeads: 2 * group, keyHeads: 2, queries: queries, keys: 700, headSize: 8)
    }
    for (groupBound, queryBound) in [(20, 2), (40, 9), (200, 2)] {
      let stated = Kernels.attentionScratch(shape(groupBound, queryBound))
      for group in 1...groupBound {
        for queries in 1...queryBound {
          let needed = AttentionGrid(shape(group, queries)).scratch
          #expect(needed.union(stated) == stated, "groups of \(group), \(queries) queries")
        }
      }
    }
  }
}
