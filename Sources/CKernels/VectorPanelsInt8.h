// Products of int8 activations with int8 panels: one template for all ways to multiply bytes. The
// including file defines
//   INT8_NAME(name)      the names of this instantiation's functions,
//   INT8_ROWS            rows of a block,
//   INT8_QUAD_WORDS      words of 4 bytes in which a block holds four columns of a row,
//   INT8_STORE_QUAD(words, quad)  makes those words of four activations, int8_t[4],
//   INT8_WEIGHTS, INT8_LOAD(weights, p)  a vector of weights, four columns of V_LANES rows,
//   INT8_ADD(sum, weights, words)  sum + the products of the four columns, for V_LANES rows, in i32.
//
// A block is, for each group of columns: the words of all rows for each four columns, then each
// row's scale, then each row's 128 times the sum of its activations, which takes the zero point of
// the weights out again.

#define INT8_GROUP_WORDS(quads) ((quads) * INT8_ROWS * INT8_QUAD_WORDS + 2 * INT8_ROWS)

static size_t INT8_NAME(block_bytes)(size_t k) {
  const size_t whole = k / PG_GROUP_COLUMNS, rest = k % PG_GROUP_COLUMNS;
  const size_t words = whole * INT8_GROUP_WORDS(PG_GROUP_COLUMNS / 4) +
                       (rest > 0 ? INT8_GROUP_WORDS((rest + 3) / 4) : 0);
  return words * 4;
}

static void INT8_NAME(pack)(void *block, const float *x, ptrdiff_t ldx, size_t m, size_t k) {
  int32_t *words = block;
  for (size_t first = 0; first < k; first += PG_GROUP_COLUMNS) {
    const size_t columns = k - first < PG_GROUP_COLUMNS ? k - first : PG_GROUP_COLUMNS;
    const size_t quads = (columns + 3) / 4;
    int32_t *end = words + quads * INT8_ROWS * INT8_QUAD_WORDS;
    for (size_t i = 0; i < INT8_ROWS; i++) {
      int8_t bytes[PG_GROUP_COLUMNS] = {0};
      float scale = 0;
      int32_t sum = 0;
      if (i < m) {
        const float *row = x + (ptrdiff_t)i * ldx + (ptrdiff_t)first;
        scale = round_to_int8(bytes, &sum, row, columns);
      }
      for (size_t q = 0; q < quads; q++) {
        int32_t *word = words + (q * INT8_ROWS + i) * INT8_QUAD_WORDS;
        INT8_STORE_QUAD(word, bytes + 4 * q);
      }
      memcpy(end + i, &scale, sizeof scale);
      end[INT8_ROWS + i] = 128 * sum;
    }
    words = end + 2 * INT8_ROWS;
  }
}

__attribute__((always_inline)) static inline void INT8_NAME(tile)(
    float *y, ptrdiff_t ldy, const void *activations, const size_t m, const char *panels,
    size_t stride, const size_t vectors, size_t n, size_t first_column, size_t count,
    bool accumulates) {
  const int32_t *words =
      (const int32_t *)activations +
      first_column / PG_GROUP_COLUMNS * INT8_GROUP_WORDS(PG_GROUP_COLUMNS / 4);
  const char *bytes = panels + PANEL_SCALE_BYTES + first_column * PG_PANEL_ROWS;
  if (count == 0 && !accumulates) {
    for (size_t i = 0; i < m; i++) {
      for (size_t j = 0; j < vectors; j++) store_outputs(y + (ptrdiff_t)i * ldy, j, n, v_set(0.0f));
    }
  }
  for (size_t done = 0; done < count; done += PG_GROUP_COLUMNS) {
    const size_t columns = count - done < PG_GROUP_COLUMNS ? count - done : PG_GROUP_COLUMNS;
    vi sum[INT8_ROWS][TILE_VECTORS];
#pragma clang loop unroll(full)
    for (size_t i = 0; i < m; i++) {
#pragma clang loop unroll(full)
      for (size_t j = 0; j < vectors; j++) sum[i][j] = v_zero();
    }
    for (size_t c = 0; c < columns; c += 4, bytes += 4 * PG_PANEL_ROWS) {
      INT8_WEIGHTS weights[TILE_VECTORS];
#pragma clang loop unroll(full)
      for (size_t j = 0; j < vectors; j++) {
        const char *from = panel_words(bytes, stride, j);
        if (m == 1) __builtin_prefetch(from + PANEL_PREFETCH, 0, 2);
        INT8_LOAD(weights[j], from);
      }
#pragma clang loop unroll(full)
      for (size_t i = 0; i < m; i++) {
#pragma clang loop unroll(full)
        for (size_t j = 0; j < vectors; j++) {
          sum[i][j] = INT8_ADD(sum[i][j], weights[j], words + i * INT8_QUAD_WORDS);
        }
      }
      words += INT8_ROWS * INT8_QUAD_WORDS;
    }
#pragma clang loop unroll(full)
    for (size_t i = 0; i < m; i++) {
      float scale;
      memcpy(&scale, words + i, sizeof scale);
      float *row = y + (ptrdiff_t)i * ldy;
#pragma clang loop unroll(full)
      for (size_t j = 0; j < vectors; j++) {
        const vf former = accumulates || done > 0 ? load_outputs(row, j, n) : v_set(0.0f);
        const vf steps = v_float(v_subtract(sum[i][j], words[INT8_ROWS + i]));
        const vf scales = v_load(panel_words(panels, stride, j));
        store_outputs(row, j, n, v_fma(v_mul(steps, v_set(scale)), scales, former));
      }
    }
    words += 2 * INT8_ROWS;
  }
}

#define PANEL_TILE INT8_NAME(tile)
#define PANEL_TILE_ROWS INT8_ROWS
#define PANEL_FORMAT PG_PANEL_INT8
#define PANEL_MULTIPLY INT8_NAME(multiply)
#include "VectorPanelsGemm.h"

#undef INT8_NAME
#undef INT8_ROWS
#undef INT8_QUAD_WORDS
#undef INT8_STORE_QUAD
#undef INT8_WEIGHTS
#undef INT8_LOAD
#undef INT8_ADD
#undef INT8_GROUP_WORDS
