// Products with weights in panels, on the vector type of the including file. Vector j of a tile holds outputs V_LANES j … V_LANES (j + 1) - 1; a panel is PANEL_VECTORS
// vectors. The order in which a y[m, n] is summed follows from the number of rows alone.

#define PANEL_VECTORS (PG_PANEL_ROWS / V_LANES)
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

/// Weights in bf16: two columns of a row in each word.
#define FLOAT_NAME(name) name##_bf16
#define FLOAT_FORMAT PG_PANEL_BF16
#define FLOAT_PAIR_BYTES (4 * PG_PANEL_ROWS)
#define FLOAT_PAIR v_pairs
#define FLOAT_LOAD(p) v_load_pairs((const uint16_t *)(p))
#define FLOAT_FIRST(pair) v_first_of_pairs(pair)
#define FLOAT_SECOND(pair) v_second_of_pairs(pair)
#include "VectorPanelsFloat.h"

/// Weights in f32: a column of all rows, then the next.
typedef struct {
  vf first, second;
} f32_pair;
static inline f32_pair load_f32_pair(const float *p) {
  return (f32_pair){v_load(p), v_load(p + PG_PANEL_ROWS)};
}
#define FLOAT_NAME(name) name##_f32
#define FLOAT_FORMAT PG_PANEL_F32
#define FLOAT_PAIR_BYTES (8 * PG_PANEL_ROWS)
#define FLOAT_PAIR f32_pair
#define FLOAT_LOAD(p) load_f32_pair((const float *)(p))
#define FLOAT_FIRST(pair) (pair).first
#define FLOAT_SECOND(pair) (pair).second
#include "VectorPanelsFloat.h"

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
