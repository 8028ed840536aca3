import CBLAS
import CKernels
import Glibc

/// The one product we take from BLAS, on the calling thread.
enum BLAS {
  /// Prepares OpenBLAS, once, before the first product.
  static let prepare: Void = {
    selectCore()
    // The pool's threads each compute tiles of their own.
    openblas_set_num_threads(1)
  }()

  /// Cores that OpenBLAS names when it has no AVX2 kernels for a CPU.
  private static let coresWithoutAVX2: Set<String> = [
    "Prescott", "Core2", "Penryn", "Dunnington", "Nehalem", "Atom", "Sandybridge", "Athlon",
    "Opteron", "Opteron_SSE3", "Barcelona", "Bobcat", "Bulldozer", "Piledriver", "Steamroller",
  ]

  /// Whether OpenBLAS computes with at least AVX2.
  static var coreSupportsAVX2: Bool {
    !coresWithoutAVX2.contains(String(cString: openblas_get_corename()))
  }

  /// Makes OpenBLAS use kernels that fit the CPU. A release older than the CPU does not recognise
  /// it and takes SSE3 kernels, at a fifth of the speed (OpenBLAS issue 4267). It chooses when it
  /// is loaded, from the environment or the CPU's model number, so it is told and asked again.
  private static func selectCore() {
    let isa = pg_best_isa()
    guard isa != .scalar, getenv("OPENBLAS_CORETYPE") == nil,
      !coreSupportsAVX2,
      let quit = dlsym(nil, "gotoblas_dynamic_quit"),
      let initialise = dlsym(nil, "gotoblas_dynamic_init")
    else { return }
    typealias Function = @convention(c) () -> Void
    setenv(
      "OPENBLAS_CORETYPE", isa.rawValue >= InstructionSet.avx512.rawValue ? "SkylakeX" : "Haswell",
      1)
    unsafeBitCast(quit, to: Function.self)()
    unsafeBitCast(initialise, to: Function.self)()
    unsetenv("OPENBLAS_CORETYPE")
  }

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
