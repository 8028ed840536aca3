// Functions of elements of any type as plain loops, compiled once for each instruction set: the compiler makes
// vectors of them.
#include <math.h>
#include <stdint.h>

/// Rows shorter than this are not worth a loop of vectors.
#define SHORT_ROW 8

/// What an iteration reads is of the same element that it writes, though `out` may be an operand.
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")

/// Where a row of an operand begins.
#define ROW_OF(type, operand, r) \
  ((const type *)(operand).base + (ptrdiff_t)(r) * (operand).row)

#define DEFINE_MAP1(name, type, expression)                                                \
  static void name(void *out, const pg_strided *x, size_t rows, size_t cols) {             \
    const ptrdiff_t n = (ptrdiff_t)cols, step = x->step;                                   \
    type *to = out;                                                                        \
    for (size_t r = 0; r < rows; r++, to += n) {                                           \
      const type *from = ROW_OF(type, *x, r);                                              \
      if (step == 1) {                                                                     \
        INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {                                    \
          const type a = from[i];                                                          \
          to[i] = (expression);                                                            \
        }                                                                                  \
      } else {                                                                             \
        for (ptrdiff_t i = 0; i < n; i++) {                                                \
          const type a = from[i * step];                                                   \
          to[i] = (expression);                                                            \
        }                                                                                  \
      }                                                                                    \
    }                                                                                      \
  }

/// A value that is read again and again may sit where the output goes: it is kept aside.
#define DEFINE_MAP2_LOOPS(name, result, type, expression, HINT)                                     \
  static void name(void *out, const pg_strided *x, size_t rows, size_t cols) {             \
    const ptrdiff_t n = (ptrdiff_t)cols, step_a = x[0].step, step_b = x[1].step;           \
    result *to = out;                                                                      \
    for (size_t r = 0; r < rows; r++, to += n) {                                           \
      const type *left = ROW_OF(type, x[0], r), *right = ROW_OF(type, x[1], r);            \
      if (step_a == 1 && step_b == 1 && n >= SHORT_ROW) {                                  \
        HINT for (ptrdiff_t i = 0; i < n; i++) {                                    \
          const type a = left[i], b = right[i];                                            \
          to[i] = (expression);                                                            \
        }                                                                                  \
      } else if (step_a == 1 && step_b == 0 && n >= SHORT_ROW) {                           \
        const type b = *right;                                                             \
        HINT for (ptrdiff_t i = 0; i < n; i++) {                                    \
          const type a = left[i];                                                          \
          to[i] = (expression);                                                            \
        }                                                                                  \
      } else if (step_a == 0 && step_b == 1 && n >= SHORT_ROW) {                           \
        const type a = *left;                                                              \
        HINT for (ptrdiff_t i = 0; i < n; i++) {                                    \
          const type b = right[i];                                                         \
          to[i] = (expression);                                                            \
        }                                                                                  \
      } else {                                                                             \
        for (ptrdiff_t i = 0; i < n; i++) {                                                \
          const type a = left[i * step_a], b = right[i * step_b];                          \
          to[i] = (expression);                                                            \
        }                                                                                  \
      }                                                                                    \
    }                                                                                      \
  }
#define DEFINE_MAP2(name, result, type, expression) \
  DEFINE_MAP2_LOOPS(name, result, type, expression, INDEPENDENT)
/// For what no instruction set has vectors for.
#define DEFINE_PLAIN_MAP2(name, result, type, expression) \
  DEFINE_MAP2_LOOPS(name, result, type, expression, )

#define DEFINE_SELECT(name, type)                                                          \
  static void name(void *out, const pg_strided *x, size_t rows, size_t cols) {             \
    const ptrdiff_t n = (ptrdiff_t)cols;                                                   \
    const ptrdiff_t step_c = x[0].step, step_a = x[1].step, step_b = x[2].step;            \
    type *to = out;                                                                        \
    for (size_t r = 0; r < rows; r++, to += n) {                                           \
      const uint8_t *flags = ROW_OF(uint8_t, x[0], r);                                     \
      const type *left = ROW_OF(type, x[1], r), *right = ROW_OF(type, x[2], r);            \
      if (step_c == 1 && step_a == 1 && step_b == 1) {                                     \
        INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {                                    \
          const type a = left[i], b = right[i];                                            \
          to[i] = flags[i] != 0 ? a : b;                                                   \
        }                                                                                  \
      } else if (step_c == 1 && step_a == 1 && step_b == 0 && n > 0) {                     \
        const type b = *right;                                                             \
        INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {                                    \
          const type a = left[i];                                                          \
          to[i] = flags[i] != 0 ? a : b;                                                   \
        }                                                                                  \
      } else if (step_c == 1 && step_a == 0 && step_b == 1 && n > 0) {                     \
        const type a = *left;                                                              \
        INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {                                    \
          const type b = right[i];                                                         \
          to[i] = flags[i] != 0 ? a : b;                                                   \
        }                                                                                  \
      } else if (step_c == 0 && n > 0) {                                                   \
        const type *from = *flags != 0 ? left : right;                                     \
        const ptrdiff_t step = *flags != 0 ? step_a : step_b;                              \
        if (step == 1) {                                                                   \
          INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) to[i] = from[i];                   \
        } else {                                                                           \
          for (ptrdiff_t i = 0; i < n; i++) to[i] = from[i * step];                        \
        }                                                                                  \
      } else {                                                                             \
        for (ptrdiff_t i = 0; i < n; i++) {                                                \
          to[i] = flags[i * step_c] != 0 ? left[i * step_a] : right[i * step_b];           \
        }                                                                                  \
      }                                                                                    \
    }                                                                                      \
  }

/// Toward zero; NaN is 0, what does not fit is the nearest end.
static inline int64_t saturating_i64(double x) {
  return x != x                        ? 0
         : x >= 9223372036854775808.0  ? INT64_MAX
         : x <= -9223372036854775808.0 ? INT64_MIN
                                       : (int64_t)x;
}

/// Division by zero is 0, and the smallest number by -1 itself.
static inline int64_t quotient(int64_t a, int64_t b) {
  if (b == 0) return 0;
  return b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b;
}

/// a^b in double precision. Powers below 2^53 are products without rounding, as those of `pow` are; those
/// from 2^64 on do not fit, however they are rounded.
static inline int64_t power(int64_t a, int64_t b) {
  if (b < 0 && (a > 1 || a < -1)) return 0;
  if (b >= 0 && b < 1024) {
    double product = 1, square = (double)a;
    for (uint64_t rest = (uint64_t)b; rest != 0; rest >>= 1, square *= square) {
      if (rest & 1) product *= square;
    }
    if (fabs(product) < 0x1p53) return (int64_t)product;
    if (fabs(product) >= 0x1p64) return product > 0 ? INT64_MAX : INT64_MIN;
  }
  return saturating_i64(pow((double)a, (double)b));
}

/// Zeros, or copies of the sign, come in from the sides; a shift by a negative number goes the other way.
static inline int64_t left_shift(int64_t a, int64_t b) {
  const int64_t left = b > 63 ? 0 : (int64_t)((uint64_t)a << (b & 63));
  const int64_t right = a >> (b < -63 ? 63 : -b & 63);
  return b >= 0 ? left : right;
}
static inline int64_t right_shift(int64_t a, int64_t b) {
  const int64_t right = a >> (b > 63 ? 63 : b & 63);
  const int64_t left = b < -63 ? 0 : (int64_t)((uint64_t)a << (-(uint64_t)b & 63));
  return b >= 0 ? right : left;
}

DEFINE_MAP1(negate_i64, uint64_t, 0 - a)
DEFINE_MAP1(abs_i64, int64_t, a < 0 ? (int64_t)(0 - (uint64_t)a) : a)
DEFINE_MAP1(relu_i64, int64_t, a > 0 ? a : 0)
DEFINE_MAP2(add_i64, uint64_t, uint64_t, a + b)
DEFINE_MAP2(sub_i64, uint64_t, uint64_t, a - b)
DEFINE_MAP2(mul_i64, uint64_t, uint64_t, a *b)
DEFINE_PLAIN_MAP2(div_i64, int64_t, int64_t, quotient(a, b))
DEFINE_PLAIN_MAP2(pow_i64, int64_t, int64_t, power(a, b))
DEFINE_MAP2(max_i64, int64_t, int64_t, a > b ? a : b)
DEFINE_MAP2(min_i64, int64_t, int64_t, a < b ? a : b)
DEFINE_MAP2(and_i64, uint64_t, uint64_t, a &b)
DEFINE_MAP2(or_i64, uint64_t, uint64_t, a | b)
DEFINE_MAP2(xor_i64, uint64_t, uint64_t, a ^ b)
DEFINE_MAP2(shift_left_i64, int64_t, int64_t, left_shift(a, b))
DEFINE_MAP2(shift_right_i64, int64_t, int64_t, right_shift(a, b))
DEFINE_MAP2(equal_i64, uint8_t, int64_t, a == b)
DEFINE_MAP2(equal_f32, uint8_t, float, a == b)
DEFINE_MAP2(equal_bool, uint8_t, uint8_t, (a != 0) == (b != 0))
DEFINE_MAP2(less_i64, uint8_t, int64_t, a < b)
DEFINE_MAP2(less_f32, uint8_t, float, a < b)
DEFINE_SELECT(select_1, uint8_t)
DEFINE_SELECT(select_2, uint16_t)
DEFINE_SELECT(select_4, uint32_t)
DEFINE_SELECT(select_8, uint64_t)

static void map(pg_map op, void *out, const pg_strided *operands, size_t rows, size_t cols) {
#define MAP_CASE(constant, function) \
  case constant: function(out, operands, rows, cols); break;
  switch (op) {
    MAP_CASE(PG_MAP_NEGATE_I64, negate_i64)
    MAP_CASE(PG_MAP_ABS_I64, abs_i64)
    MAP_CASE(PG_MAP_RELU_I64, relu_i64)
    MAP_CASE(PG_MAP_ADD_I64, add_i64)
    MAP_CASE(PG_MAP_SUB_I64, sub_i64)
    MAP_CASE(PG_MAP_MUL_I64, mul_i64)
    MAP_CASE(PG_MAP_DIV_I64, div_i64)
    MAP_CASE(PG_MAP_POW_I64, pow_i64)
    MAP_CASE(PG_MAP_MAX_I64, max_i64)
    MAP_CASE(PG_MAP_MIN_I64, min_i64)
    MAP_CASE(PG_MAP_AND_I64, and_i64)
    MAP_CASE(PG_MAP_OR_I64, or_i64)
    MAP_CASE(PG_MAP_XOR_I64, xor_i64)
    MAP_CASE(PG_MAP_SHIFT_LEFT_I64, shift_left_i64)
    MAP_CASE(PG_MAP_SHIFT_RIGHT_I64, shift_right_i64)
    MAP_CASE(PG_MAP_EQUAL_I64, equal_i64)
    MAP_CASE(PG_MAP_EQUAL_F32, equal_f32)
    MAP_CASE(PG_MAP_EQUAL_BOOL, equal_bool)
    MAP_CASE(PG_MAP_LESS_I64, less_i64)
    MAP_CASE(PG_MAP_LESS_F32, less_f32)
    MAP_CASE(PG_MAP_SELECT_1, select_1)
    MAP_CASE(PG_MAP_SELECT_2, select_2)
    MAP_CASE(PG_MAP_SELECT_4, select_4)
    MAP_CASE(PG_MAP_SELECT_8, select_8)
  }
#undef MAP_CASE
}
