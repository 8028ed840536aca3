// Products of f32 activations with panels of floating-point weights: one template for their types.
// The including file defines
//   FLOAT_NAME(name)   the names of this instantiation's functions,
//   FLOAT_FORMAT       the format of the panels,
//   FLOAT_PAIR_BYTES   bytes of two columns of a panel,
//   FLOAT_FIRST(p), FLOAT_SECOND(p)  the columns of a pair for V_LANES rows, as f32.

/// Keeps loads behind it. A tile has a register for each sum, but not for both columns of a pair.
#define LOAD_BARRIER() __asm__ volatile("" ::: "memory")

/// A tile of constant m rows and `vectors` vectors.
__attribute__((always_inline)) static inline void FLOAT_NAME(tile)(
    float *y, ptrdiff_t ldy, const void *activations, const size_t m, const char *panels,
    size_t stride, const size_t vectors, size_t n, size_t k, size_t first_column, size_t count,
    bool accumulates, panel_prefetch next) {
  (void)k;
  const float *block = (const float *)activations + first_column * BLOCK_ROWS;
  panels += first_column / 2 * FLOAT_PAIR_BYTES;
  vf sum[BLOCK_ROWS][TILE_VECTORS];
#pragma clang loop unroll(full)
  for (size_t i = 0; i < m; i++) {
#pragma clang loop unroll(full)
    for (size_t j = 0; j < vectors; j++) {
      sum[i][j] = accumulates ? load_outputs(y + (ptrdiff_t)i * ldy, j, n) : v_set(0.0f);
    }
  }
  for (size_t c = 0; c < count; c += 2, block += 2, panels += FLOAT_PAIR_BYTES) {
    if (c > 0 && c % CHUNK_FLOATS == 0) block += CHUNK_FLOATS * (BLOCK_ROWS - 1);
    vf w[TILE_VECTORS];
#pragma clang loop unroll(full)
    for (size_t j = 0; j < vectors; j++) w[j] = FLOAT_FIRST(panel_words(panels, stride, j));
    prefetch_panels(&next, stride, FLOAT_PAIR_BYTES);
#pragma clang loop unroll(full)
    for (size_t i = 0; i < m; i++) {
      const vf a = v_set(block[i * CHUNK_FLOATS]);
#pragma clang loop unroll(full)
      for (size_t j = 0; j < vectors; j++) sum[i][j] = v_fma(a, w[j], sum[i][j]);
    }
    LOAD_BARRIER();
#pragma clang loop unroll(full)
    for (size_t j = 0; j < vectors; j++) w[j] = FLOAT_SECOND(panel_words(panels, stride, j));
#pragma clang loop unroll(full)
    for (size_t i = 0; i < m; i++) {
      const vf b = v_set(block[i * CHUNK_FLOATS + 1]);
#pragma clang loop unroll(full)
      for (size_t j = 0; j < vectors; j++) sum[i][j] = v_fma(b, w[j], sum[i][j]);
    }
  }
#pragma clang loop unroll(full)
  for (size_t i = 0; i < m; i++) {
#pragma clang loop unroll(full)
    for (size_t j = 0; j < vectors; j++) store_outputs(y + (ptrdiff_t)i * ldy, j, n, sum[i][j]);
  }
}

#define PANEL_TILE FLOAT_NAME(tile)
#define PANEL_TILE_ROWS BLOCK_ROWS
#define PANEL_SINGLE_ROWS 0
#define PANEL_FORMAT FLOAT_FORMAT
#define PANEL_MULTIPLY FLOAT_NAME(multiply)
#include "VectorPanelsGemm.h"

/// One panel times m rows of f32 activations, as `chains` accumulators for each column of a pair.
__attribute__((always_inline)) static inline void FLOAT_NAME(stream)(
    float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx, const size_t m, const char *panel,
    size_t n, const size_t chains, size_t k) {
  vf sum[8][4][PANEL_VECTORS];
#pragma clang loop unroll(full)
  for (size_t i = 0; i < m; i++) {
#pragma clang loop unroll(full)
    for (size_t c = 0; c < 2 * chains; c++) {
#pragma clang loop unroll(full)
      for (size_t j = 0; j < PANEL_VECTORS; j++) sum[i][c][j] = v_set(0.0f);
    }
  }
  size_t at = 0;
  for (; at + 2 * chains <= k; at += 2 * chains, panel += chains * FLOAT_PAIR_BYTES) {
#pragma clang loop unroll(full)
    for (size_t c = 0; c < chains; c++) {
      const char *from = panel + c * FLOAT_PAIR_BYTES;
#pragma clang loop unroll(full)
      for (size_t line = 0; line < FLOAT_PAIR_BYTES; line += 64) {
        __builtin_prefetch(from + line + PANEL_PREFETCH, 0, 2);
      }
#pragma clang loop unroll(full)
      for (size_t j = 0; j < PANEL_VECTORS; j++) {
        const vf first = FLOAT_FIRST(from + j * 4 * V_LANES);
        const vf second = FLOAT_SECOND(from + j * 4 * V_LANES);
#pragma clang loop unroll(full)
        for (size_t i = 0; i < m; i++) {
          const float *a = x + (ptrdiff_t)i * ldx + at + 2 * c;
          sum[i][2 * c][j] = v_fma(v_set(a[0]), first, sum[i][2 * c][j]);
          sum[i][2 * c + 1][j] = v_fma(v_set(a[1]), second, sum[i][2 * c + 1][j]);
        }
      }
    }
  }
  for (; at < k; at += 2, panel += FLOAT_PAIR_BYTES) {
#pragma clang loop unroll(full)
    for (size_t j = 0; j < PANEL_VECTORS; j++) {
      const vf first = FLOAT_FIRST(panel + j * 4 * V_LANES);
      const vf second = FLOAT_SECOND(panel + j * 4 * V_LANES);
#pragma clang loop unroll(full)
      for (size_t i = 0; i < m; i++) {
        const float *a = x + (ptrdiff_t)i * ldx + at;
        sum[i][0][j] = v_fma(v_set(a[0]), first, sum[i][0][j]);
        if (at + 1 < k) sum[i][1][j] = v_fma(v_set(a[1]), second, sum[i][1][j]);
      }
    }
  }
#pragma clang loop unroll(full)
  for (size_t i = 0; i < m; i++) {
#pragma clang loop unroll(full)
    for (size_t j = 0; j < PANEL_VECTORS; j++) {
      vf total = v_add(sum[i][0][j], sum[i][1][j]);
      if (chains == 2) total = v_add(total, v_add(sum[i][2][j], sum[i][3][j]));
      store_outputs(y + (ptrdiff_t)i * ldy, j, n, total);
    }
  }
}

#define PANEL_STREAM_CASE(rows)                                                        \
  case rows:                                                                           \
    FLOAT_NAME(stream)(y, ldy, x, ldx, rows, panel, left, rows <= 2 ? 2 : 1, k);       \
    break;

static void FLOAT_NAME(panel_gemv)(float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx, size_t m,
                             const void *panels, size_t n, size_t k) {
  const char *panel = panels;
  for (size_t done = 0; done < n; done += PG_PANEL_ROWS) {
    const size_t left = n - done < PG_PANEL_ROWS ? n - done : PG_PANEL_ROWS;
    switch (m) {
      PANEL_STREAM_CASE(1)
      PANEL_STREAM_CASE(2)
      PANEL_STREAM_CASE(3)
      PANEL_STREAM_CASE(4)
      PANEL_STREAM_CASE(5)
      PANEL_STREAM_CASE(6)
      PANEL_STREAM_CASE(7)
      PANEL_STREAM_CASE(8)
    }
    panel += pg_panel_bytes(FLOAT_FORMAT, k);
    y += PG_PANEL_ROWS;
  }
}

#undef PANEL_STREAM_CASE
#undef FLOAT_NAME
#undef FLOAT_FORMAT
#undef FLOAT_PAIR_BYTES
#undef FLOAT_FIRST
#undef FLOAT_SECOND
#undef LOAD_BARRIER
