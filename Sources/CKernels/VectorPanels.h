// Products with weights in panels, on the vector type of the including file, with activations in
// f32. Vector j of a tile holds outputs V_LANES j … V_LANES (j + 1) - 1; a panel is PANEL_VECTORS
// vectors. The order in which a y[m, n] is summed follows from the number of rows alone.

#define PANEL_VECTORS (PG_PANEL_ROWS / V_LANES)
/// Of one pair of columns of a panel.
#define PAIR_ELEMENTS (2 * PG_PANEL_ROWS)
#define PAIR_BYTES (PAIR_ELEMENTS * sizeof(uint16_t))
/// Rows of a block and vectors of a tile: what 32 registers (AVX-512) or 16 (AVX2) hold beside
/// two vectors of weights.
#if V_LANES == 16
#define BLOCK_ROWS 12
#else
#define BLOCK_ROWS 6
#endif
#define TILE_VECTORS 2
/// A few rows are bound by memory: this many bytes ahead are fetched into the second-level cache.
#define PANEL_PREFETCH 4096

/// Vector j of some columns: V_LANES words of 4 bytes, a panel after the other.
__attribute__((always_inline)) static inline const void *panel_words(const char *panels,
                                                                     size_t stride, size_t j) {
  return panels + j / PANEL_VECTORS * stride + j % PANEL_VECTORS * 4 * V_LANES;
}

/// Stores vector j of a row of which `n` outputs exist.
__attribute__((always_inline)) static inline void store_outputs(float *row, size_t j, size_t n,
                                                                vf value) {
  const size_t first = j * V_LANES;
  if (first + V_LANES <= n) {
    v_store(row + first, value);
  } else if (first < n) {
    v_store_first(row + first, value, n - first);
  }
}

__attribute__((always_inline)) static inline vf load_outputs(const float *row, size_t j, size_t n) {
  const size_t first = j * V_LANES;
  if (first + V_LANES <= n) return v_load(row + first);
  return first < n ? v_load_first(row + first, n - first, v_set(0.0f)) : v_set(0.0f);
}

/// A block is, for each pair of columns, the first column of all rows, then the second.
static size_t block_bytes_f32(size_t k) { return (k + k % 2) * BLOCK_ROWS * sizeof(float); }

static void pack_block_f32(void *block, const float *x, ptrdiff_t ldx, size_t m, size_t k) {
  float *out = block;
  for (size_t c = 0; c < k + k % 2; c++) {
    for (size_t i = 0; i < BLOCK_ROWS; i++) {
      *out++ = i < m && c < k ? x[(ptrdiff_t)i * ldx + (ptrdiff_t)c] : 0.0f;
    }
  }
}

/// A tile of constant m rows and `vectors` vectors.
__attribute__((always_inline)) static inline void panel_tile(
    float *y, ptrdiff_t ldy, const void *activations, const size_t m, const char *panels,
    size_t stride, const size_t vectors, size_t n, size_t k, size_t first_column, size_t count,
    bool accumulates) {
  (void)k;
  const float *block = (const float *)activations + first_column * BLOCK_ROWS;
  panels += first_column / 2 * PAIR_BYTES;
  vf sum[BLOCK_ROWS][TILE_VECTORS];
#pragma clang loop unroll(full)
  for (size_t i = 0; i < m; i++) {
#pragma clang loop unroll(full)
    for (size_t j = 0; j < vectors; j++) {
      sum[i][j] = accumulates ? load_outputs(y + (ptrdiff_t)i * ldy, j, n) : v_set(0.0f);
    }
  }
  for (size_t c = 0; c < count; c += 2, block += 2 * BLOCK_ROWS, panels += PAIR_BYTES) {
    vf first[TILE_VECTORS], second[TILE_VECTORS];
#pragma clang loop unroll(full)
    for (size_t j = 0; j < vectors; j++) {
      const v_pairs weights = v_load_pairs(panel_words(panels, stride, j));
      first[j] = v_first_of_pairs(weights);
      second[j] = v_second_of_pairs(weights);
    }
#pragma clang loop unroll(full)
    for (size_t i = 0; i < m; i++) {
      const vf a = v_set(block[i]);
#pragma clang loop unroll(full)
      for (size_t j = 0; j < vectors; j++) sum[i][j] = v_fma(a, first[j], sum[i][j]);
    }
#pragma clang loop unroll(full)
    for (size_t i = 0; i < m; i++) {
      const vf b = v_set(block[BLOCK_ROWS + i]);
#pragma clang loop unroll(full)
      for (size_t j = 0; j < vectors; j++) sum[i][j] = v_fma(b, second[j], sum[i][j]);
    }
  }
#pragma clang loop unroll(full)
  for (size_t i = 0; i < m; i++) {
#pragma clang loop unroll(full)
    for (size_t j = 0; j < vectors; j++) store_outputs(y + (ptrdiff_t)i * ldy, j, n, sum[i][j]);
  }
}

#define PANEL_TILE panel_tile
#define PANEL_TILE_ROWS BLOCK_ROWS
#define PANEL_FORMAT PG_PANEL_BF16
#define PANEL_MULTIPLY multiply_f32
#include "VectorPanelsGemm.h"

/// One panel times m rows of f32 activations, as `chains` accumulators over pairs of columns.
__attribute__((always_inline)) static inline void panel_stream(
    float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx, const size_t m, const uint16_t *panel,
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
  for (; at + 2 * chains <= k; at += 2 * chains, panel += chains * PAIR_ELEMENTS) {
#pragma clang loop unroll(full)
    for (size_t c = 0; c < chains; c++) {
      __builtin_prefetch((const char *)(panel + c * PAIR_ELEMENTS) + PANEL_PREFETCH, 0, 2);
#pragma clang loop unroll(full)
      for (size_t j = 0; j < PANEL_VECTORS; j++) {
        const v_pairs weights = v_load_pairs(panel + c * PAIR_ELEMENTS + j * 2 * V_LANES);
#pragma clang loop unroll(full)
        for (size_t i = 0; i < m; i++) {
          const float *a = x + (ptrdiff_t)i * ldx + at + 2 * c;
          sum[i][2 * c][j] = v_fma(v_set(a[0]), v_first_of_pairs(weights), sum[i][2 * c][j]);
          sum[i][2 * c + 1][j] =
              v_fma(v_set(a[1]), v_second_of_pairs(weights), sum[i][2 * c + 1][j]);
        }
      }
    }
  }
  for (; at < k; at += 2, panel += PAIR_ELEMENTS) {
#pragma clang loop unroll(full)
    for (size_t j = 0; j < PANEL_VECTORS; j++) {
      const v_pairs weights = v_load_pairs(panel + j * 2 * V_LANES);
#pragma clang loop unroll(full)
      for (size_t i = 0; i < m; i++) {
        const float *a = x + (ptrdiff_t)i * ldx + at;
        sum[i][0][j] = v_fma(v_set(a[0]), v_first_of_pairs(weights), sum[i][0][j]);
        if (at + 1 < k) {
          sum[i][1][j] = v_fma(v_set(a[1]), v_second_of_pairs(weights), sum[i][1][j]);
        }
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
    panel_stream(y, ldy, x, ldx, rows, panels, left, rows <= 2 ? 2 : 1, k);            \
    break;

static void panel_gemv_bf16(float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx, size_t m,
                            const uint16_t *panels, size_t n, size_t k) {
  const size_t panel_elements = (k + 1) / 2 * PAIR_ELEMENTS;
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
    panels += panel_elements;
    y += PG_PANEL_ROWS;
  }
}

/// Rounds n <= PG_GROUP_COLUMNS activations to steps of a scale, which is returned; the largest
/// |x| is 127 steps. `steps` has zeros behind them. NaN where one activation is.
static float round_to_int8(int8_t *steps, const float *x, size_t n) {
  vf largest = v_set(0.0f);
  size_t at = 0;
  for (; at + V_LANES <= n; at += V_LANES) largest = v_max_nan(largest, v_abs(v_load(x + at)));
  if (at < n) {
    largest = v_max_nan(largest, v_abs(v_load_first(x + at, n - at, v_set(0.0f))));
  }
  if (v_any_nan(largest)) return NAN;
  const float limit = v_largest(largest);
  if (!(limit >= PG_LEAST_STEPPED)) return 0;
  const vf inverse = v_set(127 / limit);
  for (at = 0; at < n; at += V_LANES) {
    const vf values = at + V_LANES <= n ? v_load(x + at)
                                        : v_load_first(x + at, n - at, v_set(0.0f));
    v_store_int8(steps + at, v_mul(values, inverse));
  }
  return limit / 127;
}

/// Without an instruction that multiplies bytes, they are multiplied as 16-bit numbers, columns 0
/// and 2 together, then 1 and 3. (Products of bytes in 16 bits would saturate.)
#define INT_QUAD_WORDS 2
#define INT_STORE_QUAD(words, quad)                            \
  ((words)[0] = int8_word_pair((quad)[0], (quad)[2]),          \
   (words)[1] = int8_word_pair((quad)[1], (quad)[3]))
#define INT_WEIGHTS v_bytes
#define INT_ADD(sum, weights, words) v_add_products(sum, weights, (words)[0], (words)[1])

/// Two numbers as the 16-bit halves of a word.
static inline int32_t int8_word_pair(int8_t low, int8_t high) {
  return (int32_t)((uint32_t)(uint16_t)low | (uint32_t)(uint16_t)high << 16);
}

#if V_LANES == 16
#define INT8_WORDS_ROWS 8
#define INT4_WORDS_ROWS 4
#else
#define INT8_WORDS_ROWS 4
#define INT4_WORDS_ROWS 2
#endif

#define INT_BITS 8
#define INT_NAME(name) name##_int8_words
#define INT_ROWS INT8_WORDS_ROWS
#define INT_LOAD(weights, p) ((weights)[0] = v_bytes_of(v_load_words(p)))
#include "VectorPanelsInt.h"

#define INT_BITS 4
#define INT_NAME(name) name##_int4_words
#define INT_ROWS INT4_WORDS_ROWS
#define INT_LOAD(weights, p)                                       \
  ((weights)[0] = v_bytes_of(v_low_nibbles(v_load_words(p))),      \
   (weights)[1] = v_bytes_of(v_high_nibbles(v_load_words(p))))
#include "VectorPanelsInt.h"

#undef INT_QUAD_WORDS
#undef INT_STORE_QUAD
#undef INT_WEIGHTS
#undef INT_ADD
