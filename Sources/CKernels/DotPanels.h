// Products with weights in panels of bf16 by the dot-product instruction of AVX-512 BF16: pairs of
// bf16 numbers are multiplied exactly and added to f32 sums. Included by Avx512.c after
// VectorPanels.h, inside a target attribute of its own.

/// 28 sums, two vectors of weights and one of activations.
#define DOT_BLOCK_ROWS 14

#define PAIR_BYTES (4 * PG_PANEL_ROWS)

#define CHUNK_PAIRS (CHUNK_BYTES / 4)

static size_t block_bytes_pairs(size_t k) {
  return (k + 2 * CHUNK_PAIRS - 1) / (2 * CHUNK_PAIRS) * CHUNK_BYTES * DOT_BLOCK_ROWS;
}

static void pack_block_pairs(void *block, const float *x, ptrdiff_t ldx, size_t m, size_t k) {
  for (size_t i = 0; i < m; i++, x += ldx) {
    uint16_t *out = (uint16_t *)block + i * 2 * CHUNK_PAIRS;
    for (size_t first = 0; first < k; first += 2 * CHUNK_PAIRS) {
      for (size_t c = 0; c < 2 * CHUNK_PAIRS; c += 2 * V_LANES) {
        vf values[2];
        for (size_t half = 0; half < 2; half++) {
          const size_t at = first + c + half * V_LANES, columns = at < k ? k - at : 0;
          values[half] = columns >= V_LANES ? v_load(x + at)
                                            : v_load_first(x + at, columns, v_set(0.0f));
        }
        const __m512bh rounded = _mm512_cvtne2ps_pbh(values[1], values[0]);
        memcpy(out + c, &rounded, sizeof rounded);
      }
      out += 2 * CHUNK_PAIRS * DOT_BLOCK_ROWS;
    }
  }
}

__attribute__((always_inline)) static inline void dot_tile(
    float *y, ptrdiff_t ldy, const void *activations, const size_t m, const char *panels,
    size_t stride, const size_t vectors, size_t n, size_t k, size_t first_column, size_t count,
    bool accumulates, panel_prefetch next) {
  (void)k;
  const uint32_t *block = (const uint32_t *)activations + first_column / 2 * DOT_BLOCK_ROWS;
  panels += first_column / 2 * PAIR_BYTES;
  vf sum[DOT_BLOCK_ROWS][TILE_VECTORS];
#pragma clang loop unroll(full)
  for (size_t i = 0; i < m; i++) {
#pragma clang loop unroll(full)
    for (size_t j = 0; j < vectors; j++) {
      sum[i][j] = accumulates ? load_outputs(y + (ptrdiff_t)i * ldy, j, n) : v_set(0.0f);
    }
  }
  for (size_t c = 0; c < count; c += 2, block++, panels += PAIR_BYTES) {
    if (c > 0 && c % (2 * CHUNK_PAIRS) == 0) block += CHUNK_PAIRS * (DOT_BLOCK_ROWS - 1);
    __m512bh weights[TILE_VECTORS];
#pragma clang loop unroll(full)
    for (size_t j = 0; j < vectors; j++) {
      const char *from = panel_words(panels, stride, j);
      if (m <= PANEL_STREAMED_ROWS) __builtin_prefetch(from + PANEL_PREFETCH, 0, 2);
      weights[j] = (__m512bh)v_load_pairs((const uint16_t *)from);
    }
    if (m > PANEL_STREAMED_ROWS) prefetch_panels(&next, stride, PAIR_BYTES);
#pragma clang loop unroll(full)
    for (size_t i = 0; i < m; i++) {
      const __m512bh pair = (__m512bh)_mm512_set1_epi32((int)block[i * CHUNK_PAIRS]);
#pragma clang loop unroll(full)
      for (size_t j = 0; j < vectors; j++) {
        sum[i][j] = _mm512_dpbf16_ps(sum[i][j], weights[j], pair);
      }
    }
  }
#pragma clang loop unroll(full)
  for (size_t i = 0; i < m; i++) {
#pragma clang loop unroll(full)
    for (size_t j = 0; j < vectors; j++) store_outputs(y + (ptrdiff_t)i * ldy, j, n, sum[i][j]);
  }
}

#define PANEL_TILE dot_tile
#define PANEL_TILE_ROWS DOT_BLOCK_ROWS
#define PANEL_SINGLE_ROWS 0
#define PANEL_FORMAT PG_PANEL_BF16
#define PANEL_MULTIPLY multiply_pairs
#include "VectorPanelsGemm.h"

/// Four bytes of weights and activations are multiplied and added to an i32 sum at once.
#define INT_QUAD_WORDS 1
#define INT_STORE_ROW(words, steps) memcpy(words, steps, PG_GROUP_COLUMNS)
#define INT_WEIGHTS vi
#define INT_ADD(sum, weights, words) \
  _mm512_dpbusd_epi32(sum, weights, _mm512_set1_epi32((words)[0]))

#define INT_BITS 8
#define INT_NAME(name) name##_int8_vnni
#define INT_ROWS DOT_BLOCK_ROWS
#define INT_LOAD(weights, p) ((weights)[0] = v_load_words(p))
#include "VectorPanelsInt.h"

/// 12 sums of each group of columns, 12 of all.
#define INT4_VNNI_ROWS 6
#define INT_BITS 4
#define INT_NAME(name) name##_int4_vnni
#define INT_ROWS INT4_VNNI_ROWS
#define INT_LOAD(weights, p)                          \
  ((weights)[0] = v_low_nibbles(v_load_words(p)),     \
   (weights)[1] = v_high_nibbles(v_load_words(p)))
#include "VectorPanelsInt.h"
