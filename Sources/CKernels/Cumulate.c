#include "CKernels.h"

/// Lines that are summed side by side, and the steps of such a line that are taken at once where lines do not lie side
/// by side.
enum { COLUMNS = 256, ROWS = 8, RUN = 16 };

#define DEFINE_CUMULATE(suffix, type, sum)                                                       \
  static void columns_##suffix(type *out, ptrdiff_t out_step, const type *x, ptrdiff_t step,     \
                               size_t steps, size_t lines, bool is_exclusive) {                  \
    sum sums[COLUMNS] = {0};                                                                     \
    for (size_t s = 0; s < steps; s++, out += out_step, x += step) {                             \
      if (is_exclusive) {                                                                        \
        for (size_t w = 0; w < lines; w++) {                                                     \
          const sum before = sums[w];                                                            \
          sums[w] += (sum)x[w];                                                                  \
          out[w] = (type)before;                                                                 \
        }                                                                                        \
      } else {                                                                                   \
        for (size_t w = 0; w < lines; w++) out[w] = (type)(sums[w] += (sum)x[w]);                \
      }                                                                                          \
    }                                                                                            \
  }                                                                                              \
                                                                                                 \
  static void rows_##suffix(type *out, ptrdiff_t out_step, ptrdiff_t out_line, const type *x,    \
                            ptrdiff_t step, ptrdiff_t line, size_t steps, size_t lines,          \
                            bool is_exclusive) {                                                 \
    sum sums[ROWS] = {0};                                                                        \
    for (size_t start = 0; start < steps; start += RUN) {                                        \
      const size_t end = start + RUN < steps ? start + RUN : steps;                              \
      for (size_t w = 0; w < lines; w++) {                                                       \
        const type *from = x + (ptrdiff_t)start * step + (ptrdiff_t)w * line;                    \
        type *to = out + (ptrdiff_t)start * out_step + (ptrdiff_t)w * out_line;                  \
        sum total = sums[w];                                                                     \
        for (size_t s = start; s < end; s++, from += step, to += out_step) {                     \
          const sum before = total;                                                              \
          total += (sum)*from;                                                                   \
          *to = (type)(is_exclusive ? before : total);                                           \
        }                                                                                        \
        sums[w] = total;                                                                         \
      }                                                                                          \
    }                                                                                            \
  }                                                                                              \
                                                                                                 \
  static void cumulate_##suffix(type *out, ptrdiff_t out_step, ptrdiff_t out_line,               \
                                const type *x, ptrdiff_t step, ptrdiff_t line, size_t steps,     \
                                size_t lines, bool is_exclusive) {                               \
    const bool is_across = line == 1 && out_line == 1;                                           \
    const size_t most = is_across ? COLUMNS : ROWS;                                              \
    for (size_t first = 0; first < lines; first += most) {                                       \
      const size_t count = lines - first < most ? lines - first : most;                          \
      type *to = out + (ptrdiff_t)first * out_line;                                              \
      const type *from = x + (ptrdiff_t)first * line;                                            \
      if (is_across) {                                                                           \
        columns_##suffix(to, out_step, from, step, steps, count, is_exclusive);                  \
      } else {                                                                                   \
        rows_##suffix(to, out_step, out_line, from, step, line, steps, count, is_exclusive);     \
      }                                                                                          \
    }                                                                                            \
  }
DEFINE_CUMULATE(f32, float, float)
DEFINE_CUMULATE(i64, int64_t, uint64_t)

void pg_cumulate(bool is_integer, void *out, ptrdiff_t out_step, ptrdiff_t out_line, const void *x,
                 ptrdiff_t step, ptrdiff_t line, size_t steps, size_t lines, bool is_exclusive,
                 bool is_reverse) {
  const ptrdiff_t last = is_reverse && steps > 0 ? (ptrdiff_t)steps - 1 : 0;
  const ptrdiff_t to = last * out_step, from = last * step;
  const ptrdiff_t next_out = is_reverse ? -out_step : out_step, next = is_reverse ? -step : step;
  if (is_integer) {
    cumulate_i64((int64_t *)out + to, next_out, out_line, (const int64_t *)x + from, next, line,
                 steps, lines, is_exclusive);
  } else {
    cumulate_f32((float *)out + to, next_out, out_line, (const float *)x + from, next, line, steps,
                 lines, is_exclusive);
  }
}
