// Products of a few rows with a weight. The including file defines, for one weight type,
//   GEMV_NAME(suffix)  the names of this instantiation's functions,
//   WEIGHT             the weight's element type,
//   LOAD_WEIGHT(p), LOAD_WEIGHT_FIRST(p, n)  its loads.
// Every y[m, n] is summed in the same order whatever block it falls into: in one accumulator of
// V_LANES lanes over K for M > 1, in four alternating ones for M = 1.

/// A single row of activations is bound by memory: it reads one weight row after the other, as
/// one stream, and fetches this many bytes ahead into the second-level cache.
#define GEMV_PREFETCH 4096

/// y[0..<m, 0..<rows] for constant m and rows, which the compiler unrolls into registers.
__attribute__((always_inline)) static inline void GEMV_NAME(block)(
    float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx, const size_t m, const WEIGHT *w,
    ptrdiff_t ldw, const size_t rows, const size_t chains, size_t k) {
  vf sum[8][4][4];
#pragma clang loop unroll(full)
  for (size_t i = 0; i < m; i++) {
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
      for (size_t c = 0; c < chains; c++) sum[i][r][c] = v_set(0.0f);
    }
  }
  const size_t step = chains * V_LANES;
  size_t at = 0;
  for (; at + step <= k; at += step) {
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++) {
      const WEIGHT *row = w + (ptrdiff_t)r * ldw + at;
      if (m == 1) {
        const char *ahead = (const char *)row + GEMV_PREFETCH;
#pragma clang loop unroll(full)
        for (size_t line = 0; line < step * sizeof *row; line += 64) {
          __builtin_prefetch(ahead + line, 0, 2);
        }
      }
#pragma clang loop unroll(full)
      for (size_t c = 0; c < chains; c++) {
        const vf weight = LOAD_WEIGHT(row + c * V_LANES);
#pragma clang loop unroll(full)
        for (size_t i = 0; i < m; i++) {
          const vf value = v_load(x + (ptrdiff_t)i * ldx + at + c * V_LANES);
          sum[i][r][c] = v_fma(value, weight, sum[i][r][c]);
        }
      }
    }
  }
  for (; at < k; at += V_LANES) {
    const size_t left = k - at < V_LANES ? k - at : V_LANES;
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++) {
      const WEIGHT *row = w + (ptrdiff_t)r * ldw + at;
      const vf weight = left == V_LANES ? LOAD_WEIGHT(row) : LOAD_WEIGHT_FIRST(row, left);
#pragma clang loop unroll(full)
      for (size_t i = 0; i < m; i++) {
        const float *activations = x + (ptrdiff_t)i * ldx + at;
        const vf value = left == V_LANES ? v_load(activations)
                                         : v_load_first(activations, left, v_set(0.0f));
        sum[i][r][0] = v_fma(value, weight, sum[i][r][0]);
      }
    }
  }
#pragma clang loop unroll(full)
  for (size_t i = 0; i < m; i++) {
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++) {
      const vf *part = sum[i][r];
      const vf total = chains == 4 ? v_add(v_add(part[0], part[1]), v_add(part[2], part[3]))
                                   : part[0];
      y[(ptrdiff_t)i * ldy + (ptrdiff_t)r] = v_sum(total);
    }
  }
}

/// All n weight rows for a constant m, `rows` of them at once.
__attribute__((always_inline)) static inline void GEMV_NAME(rows)(
    float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx, const size_t m, const WEIGHT *w,
    ptrdiff_t ldw, size_t n, const size_t rows, const size_t chains, size_t k) {
  size_t at = 0;
  for (; at + rows <= n; at += rows) {
    GEMV_NAME(block)(y + at, ldy, x, ldx, m, w + (ptrdiff_t)at * ldw, ldw, rows, chains, k);
  }
  for (; at < n; at++) {
    GEMV_NAME(block)(y + at, ldy, x, ldx, m, w + (ptrdiff_t)at * ldw, ldw, 1, chains, k);
  }
}

/// The weight rows of a register block for each m: as many as leave room for its operands in 32
/// registers of AVX-512 or 16 of AVX2.
#define GEMV_ROWS(m) \
  (V_LANES == 16 ? ((m) == 1 ? 1 : (m) < 7 ? 4 : 3) \
                 : ((m) == 1 ? 1 : (m) == 2 ? 4 : (m) < 5 ? 3 : (m) < 7 ? 2 : 1))

#define GEMV_CASE(m)                                                                       \
  case m:                                                                                  \
    GEMV_NAME(rows)(y, ldy, x, ldx, m, w, ldw, n, GEMV_ROWS(m), (m) == 1 ? 4 : 1, k);      \
    return;

static void GEMV_NAME(upto8)(float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx, size_t m,
                             const WEIGHT *w, ptrdiff_t ldw, size_t n, size_t k) {
  switch (m) {
    GEMV_CASE(1)
    GEMV_CASE(2)
    GEMV_CASE(3)
    GEMV_CASE(4)
    GEMV_CASE(5)
    GEMV_CASE(6)
    GEMV_CASE(7)
    GEMV_CASE(8)
  }
}

static void GEMV_NAME(any)(float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx, size_t m,
                           const WEIGHT *w, ptrdiff_t ldw, size_t n, size_t k) {
  for (size_t done = 0; done < m; done += 8) {
    const size_t now = m - done < 8 ? m - done : 8;
    GEMV_NAME(upto8)(y + (ptrdiff_t)done * ldy, ldy, x + (ptrdiff_t)done * ldx, ldx, now, w, ldw,
                     n, k);
  }
}

#undef GEMV_CASE
#undef GEMV_ROWS
#undef GEMV_PREFETCH
