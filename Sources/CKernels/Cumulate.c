#include "CKernels.h"

/// Lines that are summed side by side.
enum { LINES = 256 };

#define DEFINE_CUMULATE(name, type, sum)                                                         \
  static void name(type *out, ptrdiff_t out_step, ptrdiff_t out_line, const type *x,             \
                   ptrdiff_t step, ptrdiff_t line, size_t steps, size_t lines,                   \
                   bool is_exclusive) {                                                          \
    sum sums[LINES] = {0};                                                                       \
    for (size_t s = 0; s < steps; s++, out += out_step, x += step) {                             \
      if (line == 1 && out_line == 1 && !is_exclusive) {                                         \
        for (size_t w = 0; w < lines; w++) out[w] = (type)(sums[w] += (sum)x[w]);                \
        continue;                                                                                \
      }                                                                                          \
      for (size_t w = 0; w < lines; w++) {                                                       \
        const sum before = sums[w];                                                              \
        sums[w] += (sum)x[(ptrdiff_t)w * line];                                                  \
        out[(ptrdiff_t)w * out_line] = (type)(is_exclusive ? before : sums[w]);                  \
      }                                                                                          \
    }                                                                                            \
  }
DEFINE_CUMULATE(cumulate_f32, float, float)
DEFINE_CUMULATE(cumulate_i64, int64_t, uint64_t)

void pg_cumulate(bool is_integer, void *out, ptrdiff_t out_step, ptrdiff_t out_line, const void *x,
                 ptrdiff_t step, ptrdiff_t line, size_t steps, size_t lines, bool is_exclusive,
                 bool is_reverse) {
  const ptrdiff_t last = is_reverse && steps > 0 ? (ptrdiff_t)steps - 1 : 0;
  for (size_t first = 0; first < lines; first += LINES) {
    const size_t count = lines - first < LINES ? lines - first : LINES;
    const ptrdiff_t to = last * out_step + (ptrdiff_t)first * out_line;
    const ptrdiff_t from = last * step + (ptrdiff_t)first * line;
    const ptrdiff_t next_out = is_reverse ? -out_step : out_step;
    const ptrdiff_t next = is_reverse ? -step : step;
    if (is_integer) {
      cumulate_i64((int64_t *)out + to, next_out, out_line, (const int64_t *)x + from, next, line,
                   steps, count, is_exclusive);
    } else {
      cumulate_f32((float *)out + to, next_out, out_line, (const float *)x + from, next, line,
                   steps, count, is_exclusive);
    }
  }
}
