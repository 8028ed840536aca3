/// Small graphs whose plans are edited. Each has few steps, so that an edit soon meets the one that matters,
/// and together they have most kinds: what looks up by ids, appends to a state, measures, scatters, works
/// along axes, and needs scratch.
enum PlanBaseGraphs {
  static let all = [mixed, looksUp, attends, measures, multiplies, moves]

  private static let mixed = """
    module @g {
      symbol T <= 9
      symbol P <= 8
      weight %table : f32[16x8] {value = iota}
      weight %w : f32[8x8] {value = iota}
      state %k : f32[1x1x24x8]
      func @main(%ids: i64[T], %x: f32[Tx8], %names: i64[T], %q: f32[1x1xTx8]) -> (y: f32[Tx8], seen: f32[1x1xTx8], named: i64[T], best: i64[Tx2]) {
        %e = embedding(%table, %ids) : f32[Tx8]
        %a = add(%e, %x) : f32[Tx8]
        %s = softmax(%a) : f32[Tx8]
        %y = linear(%s, %w, residual = %a) : f32[Tx8]
        %kv = cache_append(%k, %q) {at = P} : f32[1x1x(P+T)x8]
        %seen = attention(%q, %kv, %kv) {scale = 0.5} : f32[1xTx1x8]
        %turned = transpose(%seen) {perm = [0, 2, 1, 3]} : f32[1x1xTx8]
        %kept = contiguous(%turned) : f32[1x1xTx8]
        %named = gather(%names, %ids) : i64[T]
        %best = top_k(%a) {k = 2, axis = 1} : i64[Tx2]
        return %y, %kept, %named, %best
      }
    }
    """

  private static let looksUp = """
    module @g {
      symbol T <= 9
      weight %table : f32[16x8] {value = iota}
      weight %places : i64[16] {value = iota}
      func @rows(%ids: i64[T]) -> (rows: f32[Tx8]) {
        %rows = embedding(%table, %ids) : f32[Tx8]
        return %rows
      }
      func @some(%ids: i64[T]) -> (some: f32[Tx8]) {
        %some = gather(%table, %ids) : f32[Tx8]
        return %some
      }
      func @next(%ids: i64[T]) -> (after: i64[T]) {
        %next = gather(%places, %ids) : i64[T]
        %after = gather(%places, %next) : i64[T]
        return %after
      }
    }
    """

  private static let attends = """
    module @g {
      symbol T <= 6
      symbol P <= 8
      state %k : f32[1x2x16x8]
      state %v : f32[1x2x16x8]
      func @main(%q: f32[1x4xTx8], %c: f32[Tx8], %new: f32[1x2xTx8], %m: f32[1x1xTx(P+T)]) -> (seen: f32[1xTx4x8]) {
        %t = rope(%q, %c, %c) : f32[1x4xTx8]
        %keys = cache_append(%k, %new) {at = P} : f32[1x2x(P+T)x8]
        %values = cache_append(%v, %new) {at = P} : f32[1x2x(P+T)x8]
        %seen = attention(%t, %keys, %values, mask = %m) {scale = 0.5} : f32[1xTx4x8]
        return %seen
      }
    }
    """

  private static let measures = """
    module @g {
      symbol N <= 10
      func @found(%flags: bool[9], %rows: f32[9x4]) -> (rows: f32[(N-1)x4], size: i64[1]) {
        %at = nonzero(%flags) {count = N-1} : i64[(N-1)x1]
        %places = reshape(%at) {shape = [N-1]} : i64[N-1]
        %picked = gather(%rows, %places) : f32[(N-1)x4]
        %size = iota() {count = 1, start = N-1} : i64[1]
        return %picked, %size
      }
    }
    """

  private static let multiplies = """
    module @g {
      symbol T <= 9
      weight %w : f32[8x8] {value = iota}
      weight %n : f32[8] {value = iota}
      func @main(%x: f32[Tx8], %y: f32[8xT]) -> (z: f32[Tx8], p: f32[TxT]) {
        %h = rms_norm(%x, %n) {eps = 1e-6} : f32[Tx8]
        %z = linear(%h, %w, residual = %x) {activation = gelu} : f32[Tx8]
        %p = matmul(%x, %y) : f32[TxT]
        return %z, %p
      }
    }
    """

  private static let moves = """
    module @g {
      symbol T <= 9
      func @main(%x: f32[1x2xTx4], %at: i64[T], %new: f32[T], %old: f32[12], %flags: bool[1x2xTx4]) -> (y: f32[12], c: f32[1x2xTx4], s: f32[1x2xT], t: f32[1x4x2xT]) {
        %y = scatter(%old, %at, %new) {reduction = none} : f32[12]
        %n = neg(%x) : f32[1x2xTx4]
        %c = where(%flags, %x, %n) : f32[1x2xTx4]
        %s = max(%x) {axes = [3], keep_dims = false} : f32[1x2xT]
        %turned = transpose(%x) {perm = [0, 3, 1, 2]} : f32[1x4x2xT]
        %t = contiguous(%turned) : f32[1x4x2xT]
        return %y, %c, %s, %t
      }
    }
    """
}
