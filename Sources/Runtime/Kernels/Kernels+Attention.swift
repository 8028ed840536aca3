import CKernels
import Glibc

/// Distances between neighbours of one tensor of attention, in elements. The elements of one
/// head's row are contiguous.
struct HeadStrides: Sendable, Hashable {
  var batch: Int
  var head: Int
  var token: Int

  func offset(batch: Int, head: Int, token: Int) -> Int {
    batch * self.batch + head * self.head + token * self.token
  }
}

/// Which keys a query sees. The queries are the last ones of the sequence: query i stands at
/// position p = keys - queries + i.
struct AttentionMask: Sendable, Hashable {
  /// Only keys at positions <= p.
  var isCausal: Bool = false
  /// Only keys at positions > p - window.
  var window: Int?

  static let none = AttentionMask()
  static let causal = AttentionMask(isCausal: true)

  /// The keys that the query at `position` sees.
  func visibleKeys(position: Int, keys: Int) -> Range<Int> {
    let end = isCausal ? min(max(position + 1, 0), keys) : keys
    let start = window.map { max(position - $0 + 1, 0) } ?? 0
    return min(start, end)..<end
  }
}

/// Added to the scores: [batch, head, query, key] with contiguous keys; a stride may be 0.
struct AdditiveMask {
  var base: UnsafePointer<Float>
  var strides: HeadStrides
}

/// out = softmax(softcap(scale q·k) + additive) v, head by head. `queryHeads` is a multiple of
/// `keyHeads`; query head h uses key head h / (queryHeads / keyHeads). A query that sees no key,
/// or only keys at -inf, gives 0.
struct AttentionArguments {
  var out: UnsafeMutablePointer<Float>
  var outStrides: HeadStrides
  var q: UnsafePointer<Float>
  var qStrides: HeadStrides
  var k: UnsafePointer<Float>
  var kStrides: HeadStrides
  var v: UnsafePointer<Float>
  var vStrides: HeadStrides
  var shape: AttentionShape
  var scale: Float
  /// c in c tanh(score / c); nil leaves the scores as they are.
  var softcap: Float?
  var mask: AttentionMask = .none
  var additive: AdditiveMask?
  /// Whether q, k, v and the softmax may be rounded to bf16 where that is quicker.
  var mayRound: Bool = false
}

/// The extents of attention.
struct AttentionShape: Sendable, Hashable {
  var batch: Int
  var queryHeads: Int
  var keyHeads: Int
  var queries: Int
  var keys: Int
  /// Features of a query and of a key.
  var headSize: Int
  /// Features of a value, and so of the result.
  var valueSize: Int

  /// Values are as wide as keys unless `valueSize` says otherwise.
  init(
    batch: Int, queryHeads: Int, keyHeads: Int, queries: Int, keys: Int, headSize: Int,
    valueSize: Int? = nil
  ) {
    self.batch = batch
    self.queryHeads = queryHeads
    self.keyHeads = keyHeads
    self.queries = queries
    self.keys = keys
    self.headSize = headSize
    self.valueSize = valueSize ?? headSize
  }

  /// Query heads that share one key head.
  var groupSize: Int { queryHeads / keyHeads }
}

extension Kernels {
  /// Computes `AttentionArguments`. Needs the scratch of `attentionScratch`.
  func attention(_ arguments: AttentionArguments) {
    let shape = arguments.shape
    guard shape.batch > 0, shape.queryHeads > 0, shape.queries > 0 else { return }
    precondition(
      shape.keyHeads > 0 && shape.queryHeads % shape.keyHeads == 0,
      "query heads must be a multiple of key heads")
    let work = AttentionTiles(arguments, kernels: self)
    assertScratch(work.grid.scratch)
    if !work.grid.isStreamed {
      let panels = AttentionPanels(work)
      pool.run(tiles: panels.tileCount, panels)
    }
    pool.run(tiles: work.grid.tileCount, work)
    if work.grid.splits.tileCount > 1 {
      pool.run(tiles: shape.batch * shape.keyHeads, AttentionMerge(work))
    }
  }

  /// The scratch that suffices for `attention` on any extents up to those of `shape`.
  static func attentionScratch(_ shape: AttentionShape) -> ScratchRequirement {
    guard shape.keyHeads > 0, shape.groupSize > 0 else { return .none }
    var most = ScratchRequirement.none
    if shape.groupSize > AttentionGrid.blockedRows {
      var single = shape
      single.queries = min(shape.queries, 1)
      most = AttentionGrid(single).scratch
    }
    // Few rows split the keys; as many as fill a block need most memory for one tile. Rows are tokens
    // times heads of a group: with smaller groups there may be just as many.
    return [AttentionGrid.streamedRows, AttentionGrid.blockedRows].reduce(most) { total, rows in
      var part = shape
      part.queries = min(shape.queries * shape.groupSize, rows)
      part.queryHeads = shape.keyHeads
      return total.union(AttentionGrid(part).scratch)
    }
  }
}
