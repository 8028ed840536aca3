import CKernels

/// The compute kernels of the executor: functions over raw pointers, extents and strides that
/// spread tiles over a thread pool.
///
/// They know nothing of plans. None allocates; what they need beside their operands is scratch
/// memory of the pool, whose size a `…Scratch` function states for given shapes. Results are
/// bit-identical for any number of threads, since tiles are cut by shapes alone and every sum is
/// taken inside one tile or in a fixed order.
///
/// Contract of every function here: pointers reach all elements that the extents and strides
/// name, extents are not negative, and the pool's scratch is at least what is stated. Strides
/// count elements. Breaking it is a bug of the caller and is not detected everywhere.
struct Kernels: Sendable {
  let pool: ThreadPool
  let table: KernelTable

  /// Kernels on `pool`, for the best instruction set of this CPU or the one given.
  init(pool: ThreadPool, isa: InstructionSet = pg_best_isa()) {
    self.pool = pool
    table = KernelTable(isa: isa)
  }

  /// `scalar`, `avx2`, `avx512` or `avx512bf16`.
  var instructionSet: String { String(cString: table.functions.pointee.name) }

  func assertScratch(_ needed: ScratchRequirement) {
    assert(
      pool.scratch.requirement.perWorker >= needed.perWorker
        && pool.scratch.requirement.shared >= needed.shared,
      "the pool's scratch is smaller than this kernel's")
  }
}

/// One instruction set's C kernels: an immutable table with static lifetime.
struct KernelTable: @unchecked Sendable {
  let functions: UnsafePointer<pg_kernels>

  init(isa: InstructionSet) { functions = pg_kernels_for(isa) }
}

/// A weight matrix in memory in one of the forms that kernels stream.
enum WeightPointer {
  /// Row-major.
  case f32(UnsafePointer<Float>)
  case bf16(UnsafePointer<UInt16>)
  case panels(PanelPointer)

  var elementBytes: Int {
    switch self {
    case .f32: 4
    case .bf16: 2
    case .panels(let panels): panels.format == .f32 ? 4 : panels.format == .bf16 ? 2 : 1
    }
  }
}

extension Int {
  /// `self / divisor`, rounded up. Both are positive or `self` is 0.
  func dividedRoundingUp(by divisor: Int) -> Int { (self + divisor - 1) / divisor }

  /// The next multiple of `unit`.
  func rounded(upTo unit: Int) -> Int { dividedRoundingUp(by: unit) * unit }
}

/// Cuts `count` things into tiles of equal size, the last one perhaps smaller.
struct TileGrid {
  let count: Int
  let tileSize: Int

  /// Tiles of at most `limit` things, as equal as multiples of `unit` allow. Their number is a
  /// multiple of `shares` where it can be, so that 2 or `shares` threads finish together.
  init(count: Int, limit: Int, unit: Int = 1, shares: Int = 1) {
    self.count = count
    let tiles = Swift.max(1, count.dividedRoundingUp(by: Swift.max(limit, 1)))
      .rounded(upTo: shares)
    tileSize = Swift.max(unit, count.dividedRoundingUp(by: tiles).rounded(upTo: unit))
  }

  var tileCount: Int { count.dividedRoundingUp(by: tileSize) }

  func range(_ tile: Int) -> Range<Int> {
    tile * tileSize..<Swift.min(count, (tile + 1) * tileSize)
  }
}
