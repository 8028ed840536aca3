#include "CKernels.h"

/// Columns that are looked at side by side for the best; lines for the best k, of which so many are kept beside
/// them.
enum { COLUMNS = 256, LINES = 16, KEPT = 256 };

#define LARGER_FLOAT(a, b) ((a) > (b) || ((a) != (a) && (b) == (b)))
#define SMALLER_FLOAT(a, b) ((a) < (b) || ((b) != (b) && (a) == (a)))
#define LARGER(a, b) ((a) > (b))
#define SMALLER(a, b) ((a) < (b))

#define DEFINE_BEST(name, type, IS_BEFORE)                                                       \
  static void name(int64_t *out, const type *x, ptrdiff_t step, size_t count, size_t columns) {  \
    type best[COLUMNS];                                                                          \
    for (size_t c = 0; c < columns; c++) best[c] = x[c], out[c] = 0;                             \
    for (size_t s = 1; s < count; s++) {                                                         \
      const type *row = x + (ptrdiff_t)s * step;                                                 \
      for (size_t c = 0; c < columns; c++) {                                                     \
        const type value = row[c];                                                               \
        const bool is_before = IS_BEFORE(value, best[c]);                                        \
        best[c] = is_before ? value : best[c];                                                   \
        out[c] = is_before ? (int64_t)s : out[c];                                                \
      }                                                                                          \
    }                                                                                            \
  }
DEFINE_BEST(largest_f32, float, LARGER_FLOAT)
DEFINE_BEST(smallest_f32, float, SMALLER_FLOAT)
DEFINE_BEST(largest_i64, int64_t, LARGER)
DEFINE_BEST(smallest_i64, int64_t, SMALLER)

void pg_best_of_columns(bool is_integer, bool is_largest, int64_t *out, const void *x, ptrdiff_t step,
                        size_t count, size_t columns) {
  for (size_t first = 0; first < columns; first += COLUMNS) {
    const size_t width = columns - first < COLUMNS ? columns - first : COLUMNS;
    if (is_integer) {
      const int64_t *from = (const int64_t *)x + first;
      (is_largest ? largest_i64 : smallest_i64)(out + first, from, step, count, width);
    } else {
      const float *from = (const float *)x + first;
      (is_largest ? largest_f32 : smallest_f32)(out + first, from, step, count, width);
    }
  }
}

#define NAME(function) function##_most_f32
#define ELEMENT float
#define IS_BEFORE LARGER_FLOAT
#include "TopKLoops.h"

#define NAME(function) function##_least_f32
#define ELEMENT float
#define IS_BEFORE SMALLER_FLOAT
#include "TopKLoops.h"

#define NAME(function) function##_most_i64
#define ELEMENT int64_t
#define IS_BEFORE LARGER
#include "TopKLoops.h"

#define NAME(function) function##_least_i64
#define ELEMENT int64_t
#define IS_BEFORE SMALLER
#include "TopKLoops.h"

void pg_top_k(bool is_integer, bool is_largest, int64_t *out, ptrdiff_t out_step, ptrdiff_t out_line,
              const void *x, ptrdiff_t step, ptrdiff_t line, size_t count, size_t k, size_t lines) {
  for (size_t first = 0; k > 0 && first < lines; first += LINES) {
    const size_t width = lines - first < LINES ? lines - first : LINES;
    int64_t *to = out + (ptrdiff_t)first * out_line;
    const ptrdiff_t start = (ptrdiff_t)first * line;
    if (is_integer) {
      const int64_t *from = (const int64_t *)x + start;
      (is_largest ? top_k_most_i64 : top_k_least_i64)(to, out_step, out_line, from, step, line, count, k, width);
    } else {
      const float *from = (const float *)x + start;
      (is_largest ? top_k_most_f32 : top_k_least_f32)(to, out_step, out_line, from, step, line, count, k, width);
    }
  }
}
