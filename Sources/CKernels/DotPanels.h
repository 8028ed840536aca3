// Products with weights in panels of bf16 by the dot-product instruction of AVX-512 BF16: pairs of
// bf16 numbers are multiplied exactly and added to f32 sums. Included by Avx512.c after
// VectorPanels.h, inside a target attribute of its own.

/// 28 sums, two vectors of weights and one of activations.
#define DOT_BLOCK_ROWS 14

#define PAIR_BYTES (4 * PG_PANEL_ROWS)

/// A block is, for each pair of columns, the pairs of all rows.
static size_t block_bytes_pairs(size_t k) { return (k + 1) / 2 * DOT_BLOCK_ROWS * 4; }

static void pack_block_pairs(void *block, const float *x, ptrdiff_t ldx, size_t m, size_t k) {
  uint32_t *out = block;
  for (size_t c = 0; c < k; c += 16) {
    const size_t columns = k - c < 16 ? k - c : 16;
    const size_t pairs = (columns + 1) / 2;
    for (size_t i = 0; i < DOT_BLOCK_ROWS; i++) {
      uint32_t row[8] = {0};
      if (i < m) {
        const float *from = x + (ptrdiff_t)i * ldx + (ptrdiff_t)c;
        const vf values =
            columns == 16 ? v_load(from) : v_load_first(from, columns, v_set(0.0f));
        _mm256_storeu_si256((__m256i *)row, v_narrow(values));
      }
      for (size_t p = 0; p < pairs; p++) out[p * DOT_BLOCK_ROWS + i] = row[p];
    }
    out += pairs * DOT_BLOCK_ROWS;
  }
}

__attribute__((always_inline)) static inline void dot_tile(
    float *y, ptrdiff_t ldy, const void *activations, const size_t m, const char *panels,
    size_t stride, const size_t vectors, size_t n, size_t k, size_t first_column, size_t count,
    bool accumulates) {
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
  for (size_t c = 0; c < count; c += 2, block += DOT_BLOCK_ROWS, panels += PAIR_BYTES) {
    __m512bh weights[TILE_VECTORS];
#pragma clang loop unroll(full)
    for (size_t j = 0; j < vectors; j++) {
      const char *from = panel_words(panels, stride, j);
      __builtin_prefetch(from + PANEL_PREFETCH, 0, 2);
      weights[j] = (__m512bh)v_load_pairs((const uint16_t *)from);
    }
#pragma clang loop unroll(full)
    for (size_t i = 0; i < m; i++) {
      const __m512bh pair = (__m512bh)_mm512_set1_epi32((int)block[i]);
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
#define PANEL_FORMAT PG_PANEL_BF16
#define PANEL_MULTIPLY multiply_pairs
#include "VectorPanelsGemm.h"

/// Four bytes of weights and activations are multiplied and added to an i32 sum at once.
#define INT_QUAD_WORDS 1
#define INT_STORE_QUAD(word, quad) memcpy(word, quad, 4)
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
