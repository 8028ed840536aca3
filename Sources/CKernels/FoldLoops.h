// Reductions along any axes as plain loops, compiled once for each instruction set, like MapLoops.h.

/// Results that are collected at once, where neighbours of them lie nearer than what is folded.
#define FOLDED_AT_ONCE 256
/// Sums that a line is collected in.
#define FOLD_CHAINS 16

static inline double add_doubles(double a, double b) { return a + b; }
static inline double multiply_doubles(double a, double b) { return a * b; }
static inline double larger_double(double a, double b) { return a != a || a > b ? a : b; }
static inline int64_t add_wrapping(int64_t a, int64_t b) {
  return (int64_t)((uint64_t)a + (uint64_t)b);
}
static inline int64_t multiply_wrapping(int64_t a, int64_t b) {
  return (int64_t)((uint64_t)a * (uint64_t)b);
}
static inline int64_t larger_i64(int64_t a, int64_t b) { return a > b ? a : b; }

/// Where position `index` of some axes lies.
static inline ptrdiff_t place_of(const pg_axes *axes, size_t index) {
  ptrdiff_t place = 0;
  for (size_t axis = axes->rank; axis-- > 0;) {
    const size_t extent = (size_t)axes->shape[axis];
    place += (ptrdiff_t)(index % extent) * axes->strides[axis];
    index /= extent;
  }
  return place;
}

static inline size_t count_of(const pg_axes *axes, size_t rank) {
  size_t count = 1;
  for (size_t axis = 0; axis < rank; axis++) count *= (size_t)axes->shape[axis];
  return count;
}

/// Defines `name` for elements of `type`, collected as `sum`: `line` folds consecutive lines into one result,
/// `across` folds line after line into neighbouring results. Sums of `is_exact` numbers may be taken in any
/// order, which the compiler then chooses.
#define DEFINE_FOLD(name, type, sum, start, COMBINE, is_exact)                                   \
  static sum name##_line(const type *x, ptrdiff_t step, ptrdiff_t n, sum total) {                \
    if (is_exact && step == 1) {                                                                 \
      for (ptrdiff_t i = 0; i < n; i++) total = COMBINE(total, (sum)x[i]);                       \
      return total;                                                                              \
    }                                                                                            \
    if (step != 1 || n < FOLD_CHAINS) {                                                          \
      for (ptrdiff_t i = 0; i < n; i++) total = COMBINE(total, (sum)x[i * step]);                \
      return total;                                                                              \
    }                                                                                            \
    sum chain[FOLD_CHAINS];                                                                      \
    for (size_t j = 0; j < FOLD_CHAINS; j++) chain[j] = start;                                   \
    ptrdiff_t i = 0;                                                                             \
    for (; i + FOLD_CHAINS <= n; i += FOLD_CHAINS) {                                             \
      for (ptrdiff_t j = 0; j < FOLD_CHAINS; j++) chain[j] = COMBINE(chain[j], (sum)x[i + j]);   \
    }                                                                                            \
    for (; i < n; i++) total = COMBINE(total, (sum)x[i]);                                        \
    for (size_t j = 0; j < FOLD_CHAINS; j++) total = COMBINE(total, chain[j]);                   \
    return total;                                                                                \
  }                                                                                              \
  static void name##_across(sum *totals, size_t count, const type *x, ptrdiff_t step) {          \
    if (step == 1) {                                                                             \
      for (size_t i = 0; i < count; i++) totals[i] = COMBINE(totals[i], (sum)x[i]);              \
    } else {                                                                                     \
      for (size_t i = 0; i < count; i++) {                                                       \
        totals[i] = COMBINE(totals[i], (sum)x[(ptrdiff_t)i * step]);                             \
      }                                                                                          \
    }                                                                                            \
  }                                                                                              \
  static void name(type *out, const type *x, const pg_axes *kept, const pg_axes *folded,         \
                   size_t first, size_t count, sum divisor) {                                    \
    const size_t last = folded->rank - 1, outer = count_of(folded, folded->rank - 1);            \
    const ptrdiff_t length = folded->shape[last], step = folded->strides[last];                  \
    const ptrdiff_t between = kept->strides[kept->rank - 1];                                     \
    const size_t width = (size_t)kept->shape[kept->rank - 1];                                    \
    const bool is_line = length >= FOLD_CHAINS && (step == 1 || between != 1);                   \
    sum totals[FOLDED_AT_ONCE];                                                                  \
    for (size_t done = 0; done < count;) {                                                       \
      const size_t in_row = width - (first + done) % width;                                      \
      size_t run = count - done < in_row ? count - done : in_row;                                \
      if (run > FOLDED_AT_ONCE) run = FOLDED_AT_ONCE;                                            \
      const type *from = x + place_of(kept, first + done);                                       \
      for (size_t i = 0; i < run; i++) totals[i] = start;                                        \
      for (size_t line = 0; line < outer; line++) {                                              \
        pg_axes rest = *folded;                                                                  \
        rest.rank = last;                                                                        \
        const type *at = from + place_of(&rest, line);                                           \
        if (is_line) {                                                                           \
          for (size_t i = 0; i < run; i++) {                                                     \
            totals[i] = name##_line(at + (ptrdiff_t)i * between, step, length, totals[i]);       \
          }                                                                                      \
        } else {                                                                                 \
          for (ptrdiff_t i = 0; i < length; i++) name##_across(totals, run, at + i * step, between); \
        }                                                                                        \
      }                                                                                          \
      for (size_t i = 0; i < run; i++) out[done + i] = (type)(totals[i] / divisor);              \
      done += run;                                                                               \
    }                                                                                            \
  }

DEFINE_FOLD(sum_f32, float, double, 0, add_doubles, false)
DEFINE_FOLD(product_f32, float, double, 1, multiply_doubles, false)
DEFINE_FOLD(max_f32, float, double, -INFINITY, larger_double, false)
DEFINE_FOLD(sum_i64, int64_t, int64_t, 0, add_wrapping, true)
DEFINE_FOLD(product_i64, int64_t, int64_t, 1, multiply_wrapping, true)
DEFINE_FOLD(max_i64_of, int64_t, int64_t, INT64_MIN, larger_i64, true)

static void fold(pg_fold op, void *out, const void *x, const pg_axes *kept, const pg_axes *folded,
                 size_t first, size_t count) {
  switch (op) {
    case PG_FOLD_SUM_F32: sum_f32(out, x, kept, folded, first, count, 1); break;
    case PG_FOLD_MEAN_F32:
      sum_f32(out, x, kept, folded, first, count, (double)count_of(folded, folded->rank));
      break;
    case PG_FOLD_PRODUCT_F32: product_f32(out, x, kept, folded, first, count, 1); break;
    case PG_FOLD_MAX_F32: max_f32(out, x, kept, folded, first, count, 1); break;
    case PG_FOLD_SUM_I64: sum_i64(out, x, kept, folded, first, count, 1); break;
    case PG_FOLD_PRODUCT_I64: product_i64(out, x, kept, folded, first, count, 1); break;
    case PG_FOLD_MAX_I64: max_i64_of(out, x, kept, folded, first, count, 1); break;
  }
}
