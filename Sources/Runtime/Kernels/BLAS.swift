import CBLAS

/// The one product we take from BLAS, on the calling thread.
enum BLAS {
  /// Turns BLAS's own threads off, once: the pool's threads each compute tiles of their own.
  static let useOneThread: Void = openblas_set_num_threads(1)

  /// A row-major operand: `transposed` means that memory holds its transpose.
  struct Operand {
    var base: UnsafePointer<Float>
    var rowStride: Int
    var transposed = false
  }

  /// out[m, n] = sum_k a[m, k] b[k, n] + beta out[m, n].
  static func multiply(
    _ a: Operand, _ b: Operand, into out: UnsafeMutablePointer<Float>, rowStride: Int,
    m: Int, n: Int, k: Int, beta: Float = 0
  ) {
    guard m > 0, n > 0 else { return }
    cblas_sgemm(
      CblasRowMajor, a.transposed ? CblasTrans : CblasNoTrans,
      b.transposed ? CblasTrans : CblasNoTrans, Int32(m), Int32(n), Int32(k), 1, a.base,
      Int32(max(a.rowStride, 1)), b.base, Int32(max(b.rowStride, 1)), beta, out,
      Int32(rowStride))
  }
}
