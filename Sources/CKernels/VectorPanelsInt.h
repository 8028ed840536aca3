// Products of activations in int8 with panels in int8 or int4: one template for both and for all ways
// to multiply bytes. The including file defines
//   INT_BITS               8 or 4,
//   INT_NAME(name)         the names of this instantiation's functions,
//   INT_ROWS               rows of a block,
//   INT_QUAD_WORDS         words of 4 bytes in which a block holds four columns of a row,
//   INT_STORE_ROW(words, steps)  makes those words of PG_GROUP_COLUMNS activations, int8_t[],
//   INT_WEIGHTS            a vector of weights: four columns of V_LANES rows, as unsigned bytes,
//   INT_LOAD(weights, p)   loads it (8 bits), or the two vectors weights[0] and [1] that share
//                          their bytes (4 bits),
//   INT_ADD(sum, weights, words)  sum + the products of the four columns, for V_LANES rows, in i32.
//
// A block is an array of groups, each with the words of some columns of all rows. Columns that do not
// exist are zeros. Sums of the activations times the weights' zero point are what products start from.

#if INT_BITS == 8
#define PANEL_FORMAT PG_PANEL_INT8
#else
#define PANEL_FORMAT PG_PANEL_INT4
#endif

#define INT_ROW_WORDS (PG_GROUP_COLUMNS / 4 * INT_QUAD_WORDS)
#define INT_SUMS (PG_GROUP_COLUMNS / INT4_GROUP_COLUMNS)

typedef struct {
  int32_t words[INT_ROWS][INT_ROW_WORDS];
  float scales[INT_ROWS];
  int32_t totals[INT_ROWS];
  int32_t sums[INT_ROWS][INT_SUMS];
} INT_NAME(group);

static size_t INT_NAME(block_bytes)(size_t k) {
  return (k + PG_GROUP_COLUMNS - 1) / PG_GROUP_COLUMNS * sizeof(INT_NAME(group));
}

static void INT_NAME(pack)(void *block, const float *x, ptrdiff_t ldx, size_t m, size_t k) {
  INT_NAME(group) *groups = block;
  // Row by row, since long runs of memory arrive sooner than short ones.
  for (size_t i = 0; i < m; i++, x += ldx) {
    INT_NAME(group) *group = groups;
    for (size_t first = 0; first < k; first += PG_GROUP_COLUMNS, group++) {
      const size_t columns = k - first < PG_GROUP_COLUMNS ? k - first : PG_GROUP_COLUMNS;
      int8_t steps[PG_GROUP_COLUMNS] = {0};
      group->scales[i] = round_to_int8(steps, x + first, columns);
      INT_STORE_ROW(group->words[i], steps);
      group->totals[i] = sum_steps(group->sums[i], steps);
    }
  }
}

/// sum[i][j] += the weights at `from` times the activations at `words`, for all rows and vectors.
/// Goes over `columns` columns; returns where the weights after them are.
__attribute__((always_inline)) static inline const char *INT_NAME(add)(
    vi sum[INT_ROWS][TILE_VECTORS], const size_t m, const char *bytes, size_t stride,
    const size_t vectors, const int32_t *words, size_t columns, panel_prefetch *next) {
  const size_t step = 32 / INT_BITS;
  for (size_t c = 0; c < columns; c += step, bytes += 4 * PG_PANEL_ROWS) {
    INT_WEIGHTS weights[TILE_VECTORS][2];
#pragma clang loop unroll(full)
    for (size_t j = 0; j < vectors; j++) {
      const char *from = panel_words(bytes, stride, j);
      if (m <= PANEL_STREAMED_ROWS) __builtin_prefetch(from + PANEL_PREFETCH, 0, 2);
      INT_LOAD(weights[j], from);
    }
    if (m > PANEL_STREAMED_ROWS) prefetch_panels(next, stride, 4 * PG_PANEL_ROWS);
#pragma clang loop unroll(full)
    for (size_t quad = 0; quad < step / 4; quad++) {
#pragma clang loop unroll(full)
      for (size_t i = 0; i < m; i++) {
#pragma clang loop unroll(full)
        for (size_t j = 0; j < vectors; j++) {
          sum[i][j] = INT_ADD(sum[i][j], weights[j][quad], words + i * INT_ROW_WORDS);
        }
      }
      words += INT_QUAD_WORDS;
    }
  }
  return bytes;
}

/// What sums start from: `sums`, those of the rows' activations, so many words apart, times the zero point.
__attribute__((always_inline)) static inline void INT_NAME(start)(
    vi sum[INT_ROWS][TILE_VECTORS], const size_t m, const size_t vectors, const int32_t *sums,
    size_t stride, int32_t zero_point) {
#pragma clang loop unroll(full)
  for (size_t i = 0; i < m; i++) {
#pragma clang loop unroll(full)
    for (size_t j = 0; j < vectors; j++) sum[i][j] = v_word(-zero_point * sums[i * stride]);
  }
}

__attribute__((always_inline)) static inline void INT_NAME(tile)(
    float *y, ptrdiff_t ldy, const void *activations, const size_t m, const char *panels,
    size_t stride, const size_t vectors, size_t n, size_t k, size_t first_column, size_t count,
    bool accumulates, panel_prefetch next) {
  const INT_NAME(group) *group =
      (const INT_NAME(group) *)activations + first_column / PG_GROUP_COLUMNS;
  (void)k;
  const char *bytes = panels + panel_offset(PANEL_FORMAT, first_column);
  if (count == 0 && !accumulates) {
    for (size_t i = 0; i < m; i++) {
      for (size_t j = 0; j < vectors; j++) store_outputs(y + (ptrdiff_t)i * ldy, j, n, v_set(0.0f));
    }
  }
  for (size_t done = 0; done < count; done += PG_GROUP_COLUMNS, group++) {
    const size_t columns = count - done < PG_GROUP_COLUMNS ? count - done : PG_GROUP_COLUMNS;
    vi sum[INT_ROWS][TILE_VECTORS];
    vf value[INT_ROWS][TILE_VECTORS];
#if INT_BITS == 8
    INT_NAME(start)(sum, m, vectors, group->totals, 1, 128);
    bytes = INT_NAME(add)(sum, m, bytes, stride, vectors, group->words[0], columns, &next);
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
    const char *scales = bytes;
    for (size_t c = 0; c < columns; c += INT4_GROUP_COLUMNS) {
      if (c % INT4_PAIR_COLUMNS == 0) {
        scales = bytes;
        if (m <= PANEL_STREAMED_ROWS) __builtin_prefetch(bytes + PANEL_PREFETCH, 0, 2);
        else prefetch_panels(&next, stride, INT4_SCALE_BYTES);
        bytes += INT4_SCALE_BYTES;
      }
      INT_NAME(start)(sum, m, vectors, group->sums[0] + c / INT4_GROUP_COLUMNS, INT_SUMS, 8);
      bytes = INT_NAME(add)(sum, m, bytes, stride, vectors,
                            group->words[0] + c / 4 * INT_QUAD_WORDS, INT4_GROUP_COLUMNS, &next);
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
      const float scale = group->scales[i];
      float *row = y + (ptrdiff_t)i * ldy;
#pragma clang loop unroll(full)
      for (size_t j = 0; j < vectors; j++) {
        const vf former = accumulates || done > 0 ? load_outputs(row, j, n) : v_set(0.0f);
        store_outputs(row, j, n, v_fma(value[i][j], v_set(scale), former));
      }
    }
  }
}

#define PANEL_TILE INT_NAME(tile)
#define PANEL_TILE_ROWS INT_ROWS
#define PANEL_SINGLE_ROWS PANEL_STREAMED_ROWS
#define PANEL_MULTIPLY INT_NAME(multiply)
#include "VectorPanelsGemm.h"

#undef INT_BITS
#undef INT_NAME
#undef INT_ROWS
#undef INT_LOAD
#undef INT_ROW_WORDS
#undef INT_SUMS
