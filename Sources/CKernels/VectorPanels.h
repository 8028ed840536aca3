// Products with weights in panels, on the vector type of the including file. Vector j of a tile holds
// outputs V_LANES j … V_LANES (j + 1) - 1; a panel is PANEL_VECTORS vectors. The order in which a
// y[m, n] is summed follows from the number of rows alone. Rows of a block that no row of activations
// fills are left as they are: nothing reads them.

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
#define PANEL_STREAMED_ROWS 2

/// Many rows are bound by arithmetic, but for what they must wait until weights that nobody has read
/// yet have come. So while some weights are multiplied, a share of the next ones is fetched into the
/// second-level cache.
typedef struct {
  /// The next bytes to fetch of the first panel of a tile.
  const char *from;
  /// Fetch after so many steps; 0 for never.
  size_t interval, waited;
} panel_prefetch;

/// Where column c of a panel begins, a multiple of PG_GROUP_COLUMNS, or where the last one ends.
static size_t panel_offset(pg_panel_format format, size_t c) {
  return format == PG_PANEL_INT8 ? INT8_SCALE_BYTES + c * PG_PANEL_ROWS : pg_panel_bytes(format, c);
}

/// A share of the first panel that `ahead` names, of whole steps.
static panel_prefetch prefetch_of(pg_panel_format format, const pg_panel_ahead *ahead) {
  const size_t bytes = (format == PG_PANEL_F32 ? 8 : 4) * PG_PANEL_ROWS;
  const size_t first = panel_offset(format, ahead->part.first);
  const size_t steps = (panel_offset(format, ahead->part.first + ahead->part.count) - first) / bytes;
  const size_t step = ahead->share * (steps / ahead->shares);
  return (panel_prefetch){(const char *)ahead->part.panels + first + step * bytes, ahead->shares, 0};
}

/// To be called with each step of a tile, in which it reads `bytes` of each panel.
__attribute__((always_inline)) static inline void prefetch_panels(panel_prefetch *next,
                                                                  size_t stride, size_t bytes) {
  if (++next->waited != next->interval) return;
  next->waited = 0;
#pragma clang loop unroll(full)
  for (size_t panel = 0; panel < TILE_VECTORS / PANEL_VECTORS; panel++) {
#pragma clang loop unroll(full)
    for (size_t line = 0; line < bytes; line += 64) {
      __builtin_prefetch(next->from + panel * stride + line, 0, 2);
    }
  }
  next->from += bytes;
}

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

/// Blocks of f32 and bf16 are cut into chunks: so many bytes of a row, then of the next row. Rows of a
/// whole block would lie a power of two apart, where they would push each other out of the cache.
#define CHUNK_BYTES 128
#define CHUNK_FLOATS (CHUNK_BYTES / 4)

static size_t block_bytes_f32(size_t k) {
  return (k + CHUNK_FLOATS - 1) / CHUNK_FLOATS * CHUNK_BYTES * BLOCK_ROWS;
}

static void pack_block_f32(void *block, const float *x, ptrdiff_t ldx, size_t m, size_t k) {
  for (size_t i = 0; i < m; i++, x += ldx) {
    float *out = (float *)block + i * CHUNK_FLOATS;
    for (size_t c = 0; c < k; c += CHUNK_FLOATS, out += CHUNK_FLOATS * BLOCK_ROWS) {
      const size_t columns = k - c;
      for (size_t j = 0; j < CHUNK_FLOATS; j += V_LANES) {
        if (columns >= j + V_LANES) {
          v_store(out + j, v_load(x + c + j));
        } else {
          const size_t rest = columns > j ? columns - j : 0;
          v_store(out + j, rest > 0 ? v_load_first(x + c + j, rest, v_set(0.0f)) : v_set(0.0f));
        }
      }
    }
  }
}

/// Weights in bf16: two columns of a row in each word.
#define FLOAT_NAME(name) name##_bf16
#define FLOAT_FORMAT PG_PANEL_BF16
#define FLOAT_PAIR_BYTES (4 * PG_PANEL_ROWS)
#define FLOAT_FIRST(p) v_first_of_pairs(v_load_pairs((const uint16_t *)(p)))
#define FLOAT_SECOND(p) v_second_of_pairs(v_load_pairs((const uint16_t *)(p)))
#include "VectorPanelsFloat.h"

/// Weights in f32: a column of all rows, then the next.
#define FLOAT_NAME(name) name##_f32
#define FLOAT_FORMAT PG_PANEL_F32
#define FLOAT_PAIR_BYTES (8 * PG_PANEL_ROWS)
#define FLOAT_FIRST(p) v_load((const float *)(p))
#define FLOAT_SECOND(p) v_load((const float *)(p) + PG_PANEL_ROWS)
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

/// The sums of each INT4_GROUP_COLUMNS of PG_GROUP_COLUMNS steps, and of all, which is returned. (Both
/// vector types come with the instructions of AVX2.)
static int32_t sum_steps(int32_t *sums, const int8_t *steps) {
  __m256i total = _mm256_setzero_si256();
  for (size_t i = 0; i < PG_GROUP_COLUMNS / INT4_GROUP_COLUMNS; i += 4) {
    __m256i part[4];
    for (size_t j = 0; j < 4; j++) {
      const __m256i bytes =
          _mm256_loadu_si256((const __m256i *)(steps + (i + j) * INT4_GROUP_COLUMNS));
      const __m256i pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), bytes);
      part[j] = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
    }
    const __m256i quarters = _mm256_hadd_epi32(_mm256_hadd_epi32(part[0], part[1]),
                                               _mm256_hadd_epi32(part[2], part[3]));
    const __m128i four = _mm_add_epi32(_mm256_castsi256_si128(quarters),
                                       _mm256_extracti128_si256(quarters, 1));
    _mm_storeu_si128((__m128i *)(sums + i), four);
    total = _mm256_add_epi32(total, _mm256_castsi128_si256(four));
  }
  int32_t lanes[8];
  _mm256_storeu_si256((__m256i *)lanes, total);
  return lanes[0] + lanes[1] + lanes[2] + lanes[3];
}

/// Without an instruction that multiplies bytes, they are multiplied as 16-bit numbers, columns 0
/// and 2 together, then 1 and 3. (Products of bytes in 16 bits would saturate.)
#define INT_QUAD_WORDS 2
#define INT_STORE_ROW(words, steps) store_word_pairs(words, steps)
#define INT_WEIGHTS v_bytes
#define INT_ADD(sum, weights, words) v_add_products(sum, weights, (words)[0], (words)[1])

/// Of each four numbers the first and third as the 16-bit halves of a word, then the others.
static inline void store_word_pairs(int32_t *words, const int8_t *steps) {
  for (size_t i = 0; i < PG_GROUP_COLUMNS; i += 32, words += 16) {
    const __m256i bytes = _mm256_loadu_si256((const __m256i *)(steps + i));
    const __m256i even = _mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8);
    const __m256i odd = _mm256_srai_epi16(bytes, 8);
    const __m256i low = _mm256_unpacklo_epi32(even, odd), high = _mm256_unpackhi_epi32(even, odd);
    _mm256_storeu_si256((__m256i *)words, _mm256_permute2x128_si256(low, high, 0x20));
    _mm256_storeu_si256((__m256i *)(words + 8), _mm256_permute2x128_si256(low, high, 0x31));
  }
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
#undef INT_STORE_ROW
#undef INT_WEIGHTS
#undef INT_ADD
