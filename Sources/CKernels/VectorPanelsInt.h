// Products of activations in int8 with panels in int8 or int4: one template for both and for all ways
// to multiply bytes. The including file defines
//   INT_BITS               8 or 4,
//   INT_NAME(name)         the names of this instantiation's functions,
//   INT_ROWS               rows of a block,
//   INT_QUAD_WORDS         words of 4 bytes in which a block holds four columns of a row,
//   INT_STORE_QUAD(words, quad)  makes those words of four activations, int8_t[4],
//   INT_WEIGHTS            a vector of weights: four columns of V_LANES rows, as unsigned bytes,
//   INT_LOAD(weights, p)   loads it (8 bits), or the two vectors weights[0] and [1] that share
//                          their bytes (4 bits),
//   INT_ADD(sum, weights, words)  sum + the products of the four columns, for V_LANES rows, in i32.
//
// A block is, for each group of columns: the words of all rows for each four columns, each row's
// scale, each row's sum of all its activations, then those of each INT4_GROUP_COLUMNS columns. Sums
// times the weights' zero point are what products start from.

/// Columns are padded with zeros to those that a scale of int4 weights serves.
#define INT_WORDS(columns) \
  (((columns) + INT4_GROUP_COLUMNS - 1) / INT4_GROUP_COLUMNS * INT4_GROUP_COLUMNS / 4 * INT_ROWS * \
   INT_QUAD_WORDS)
#define INT_SUMS (PG_GROUP_COLUMNS / INT4_GROUP_COLUMNS)
#define INT_GROUP_WORDS(columns) (INT_WORDS(columns) + (2 + INT_SUMS) * INT_ROWS)

static size_t INT_NAME(block_bytes)(size_t k) {
  const size_t whole = k / PG_GROUP_COLUMNS, rest = k % PG_GROUP_COLUMNS;
  return 4 * (whole * INT_GROUP_WORDS(PG_GROUP_COLUMNS) + (rest > 0 ? INT_GROUP_WORDS(rest) : 0));
}

static void INT_NAME(pack)(void *block, const float *x, ptrdiff_t ldx, size_t m, size_t k) {
  int32_t *words = block;
  for (size_t first = 0; first < k; first += PG_GROUP_COLUMNS) {
    const size_t columns = k - first < PG_GROUP_COLUMNS ? k - first : PG_GROUP_COLUMNS;
    int32_t *scales = words + INT_WORDS(columns), *sums = scales + INT_ROWS;
    for (size_t i = 0; i < INT_ROWS; i++) {
      int8_t bytes[PG_GROUP_COLUMNS] = {0};
      const float scale =
          i < m ? round_to_int8(bytes, x + (ptrdiff_t)i * ldx + (ptrdiff_t)first, columns) : 0;
      memcpy(scales + i, &scale, sizeof scale);
      int32_t *word = words + i * INT_QUAD_WORDS;
      for (size_t c = 0; c < columns; c += 4, word += INT_ROWS * INT_QUAD_WORDS) {
        INT_STORE_QUAD(word, bytes + c);
      }
      for (; word < scales; word += INT_ROWS * INT_QUAD_WORDS) {
        memset(word, 0, 4 * INT_QUAD_WORDS);
      }
      int32_t total = 0;
      for (size_t s = 0; s < INT_SUMS; s++) {
        int32_t sum = 0;
        for (size_t c = 0; c < INT4_GROUP_COLUMNS; c++) sum += bytes[s * INT4_GROUP_COLUMNS + c];
        sums[(1 + s) * INT_ROWS + i] = sum;
        total += sum;
      }
      sums[i] = total;
    }
    words = sums + (1 + INT_SUMS) * INT_ROWS;
  }
}

/// sum[i][j] += the weights at `from` times the activations at `words`, for all rows and vectors.
/// Goes over `columns` columns; returns where the weights after them are.
__attribute__((always_inline)) static inline const char *INT_NAME(add)(
    vi sum[INT_ROWS][TILE_VECTORS], const size_t m, const char *bytes, size_t stride,
    const size_t vectors, const int32_t *words, size_t columns) {
  const size_t step = 32 / INT_BITS;
  for (size_t c = 0; c < columns; c += step, bytes += 4 * PG_PANEL_ROWS) {
    INT_WEIGHTS weights[TILE_VECTORS][2];
#pragma clang loop unroll(full)
    for (size_t j = 0; j < vectors; j++) {
      const char *from = panel_words(bytes, stride, j);
      if (m == 1) __builtin_prefetch(from + PANEL_PREFETCH, 0, 2);
      INT_LOAD(weights[j], from);
    }
#pragma clang loop unroll(full)
    for (size_t quad = 0; quad < step / 4; quad++) {
#pragma clang loop unroll(full)
      for (size_t i = 0; i < m; i++) {
#pragma clang loop unroll(full)
        for (size_t j = 0; j < vectors; j++) {
          sum[i][j] = INT_ADD(sum[i][j], weights[j][quad], words + i * INT_QUAD_WORDS);
        }
      }
      words += INT_ROWS * INT_QUAD_WORDS;
    }
  }
  return bytes;
}

__attribute__((always_inline)) static inline void INT_NAME(start)(
    vi sum[INT_ROWS][TILE_VECTORS], const size_t m, const size_t vectors, const int32_t *sums,
    int32_t zero_point) {
#pragma clang loop unroll(full)
  for (size_t i = 0; i < m; i++) {
#pragma clang loop unroll(full)
    for (size_t j = 0; j < vectors; j++) sum[i][j] = v_word(-zero_point * sums[i]);
  }
}

__attribute__((always_inline)) static inline void INT_NAME(tile)(
    float *y, ptrdiff_t ldy, const void *activations, const size_t m, const char *panels,
    size_t stride, const size_t vectors, size_t n, size_t k, size_t first_column, size_t count,
    bool accumulates) {
  const int32_t *words = (const int32_t *)activations +
                         first_column / PG_GROUP_COLUMNS * INT_GROUP_WORDS(PG_GROUP_COLUMNS);
#if INT_BITS == 8
  (void)k;
  const char *bytes = panels + INT8_SCALE_BYTES + first_column * PG_PANEL_ROWS;
#else
  const char *bytes = panels + INT4_SCALE_BYTES(k) + first_column * PG_PANEL_ROWS / 2;
  const char *scales = panels + first_column / INT4_GROUP_COLUMNS * PG_PANEL_ROWS * 2;
#endif
  if (count == 0 && !accumulates) {
    for (size_t i = 0; i < m; i++) {
      for (size_t j = 0; j < vectors; j++) store_outputs(y + (ptrdiff_t)i * ldy, j, n, v_set(0.0f));
    }
  }
  for (size_t done = 0; done < count; done += PG_GROUP_COLUMNS) {
    const size_t columns = count - done < PG_GROUP_COLUMNS ? count - done : PG_GROUP_COLUMNS;
    const int32_t *steps = words + INT_WORDS(columns), *sums = steps + INT_ROWS;
    vi sum[INT_ROWS][TILE_VECTORS];
    vf value[INT_ROWS][TILE_VECTORS];
#if INT_BITS == 8
    INT_NAME(start)(sum, m, vectors, sums, 128);
    bytes = INT_NAME(add)(sum, m, bytes, stride, vectors, words, columns);
#pragma clang loop unroll(full)
    for (size_t j = 0; j < vectors; j++) {
      const vf scale = v_load(panel_words(panels, stride, j));
#pragma clang loop unroll(full)
      for (size_t i = 0; i < m; i++) value[i][j] = v_mul(v_float(sum[i][j]), scale);
    }
#else
#pragma clang loop unroll(full)
    for (size_t i = 0; i < m; i++) {
#pragma clang loop unroll(full)
      for (size_t j = 0; j < vectors; j++) value[i][j] = v_set(0.0f);
    }
    const int32_t *word = words;
    for (size_t c = 0; c < columns; c += INT4_GROUP_COLUMNS) {
      sums += INT_ROWS;
      INT_NAME(start)(sum, m, vectors, sums, 8);
      bytes = INT_NAME(add)(sum, m, bytes, stride, vectors, word, INT4_GROUP_COLUMNS);
      word += INT4_GROUP_COLUMNS / 4 * INT_ROWS * INT_QUAD_WORDS;
#pragma clang loop unroll(full)
      for (size_t j = 0; j < vectors; j++) {
        const char *from =
            scales + j / PANEL_VECTORS * stride + j % PANEL_VECTORS * 2 * V_LANES;
        const vf scale = v_load_bf16((const uint16_t *)from);
#pragma clang loop unroll(full)
        for (size_t i = 0; i < m; i++) {
          value[i][j] = v_fma(v_float(sum[i][j]), scale, value[i][j]);
        }
      }
      scales += 2 * PG_PANEL_ROWS;
    }
#endif
#pragma clang loop unroll(full)
    for (size_t i = 0; i < m; i++) {
      float scale;
      memcpy(&scale, steps + i, sizeof scale);
      float *row = y + (ptrdiff_t)i * ldy;
#pragma clang loop unroll(full)
      for (size_t j = 0; j < vectors; j++) {
        const vf former = accumulates || done > 0 ? load_outputs(row, j, n) : v_set(0.0f);
        store_outputs(row, j, n, v_fma(value[i][j], v_set(scale), former));
      }
    }
    words += INT_GROUP_WORDS(columns);
  }
}

#define PANEL_TILE INT_NAME(tile)
#define PANEL_TILE_ROWS INT_ROWS
#if INT_BITS == 8
#define PANEL_FORMAT PG_PANEL_INT8
#else
#define PANEL_FORMAT PG_PANEL_INT4
#endif
#define PANEL_MULTIPLY INT_NAME(multiply)
#include "VectorPanelsGemm.h"

#undef INT_BITS
#undef INT_NAME
#undef INT_ROWS
#undef INT_LOAD
#undef INT_WORDS
#undef INT_SUMS
#undef INT_GROUP_WORDS
