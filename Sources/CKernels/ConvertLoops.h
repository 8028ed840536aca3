// Conversions between numbers of any two types, by way of double precision: one loop for each type that is
// read and one for each that is written. Compiled once for each instruction set, like MapLoops.h.

/// Numbers that are on their way at once.
#define CONVERTED_AT_ONCE 256

static inline uint64_t bits_of_double(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static inline double double_of_bits(uint64_t bits) {
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static inline double double_of_f16(uint16_t half) {
  const uint64_t magnitude = half & 0x7fff, fraction = half & 0x3ff;
  const uint64_t normal = (magnitude << 42) + ((uint64_t)(1023 - 15) << 52);
  const uint64_t quiet = fraction != 0 ? (uint64_t)1 << 51 : 0;
  const uint64_t special = (uint64_t)0x7ff << 52 | fraction << 42 | quiet;
  const uint64_t small = bits_of_double((double)(int32_t)fraction * 0x1p-24);
  const uint64_t bits = magnitude < 0x400 ? small : magnitude < 0x7c00 ? normal : special;
  return double_of_bits(bits | (uint64_t)(half & 0x8000) << 48);
}

/// The nearest half, ties to even.
static inline uint16_t f16_of_double(double x) {
  const uint64_t bits = bits_of_double(x), magnitude = bits & ~((uint64_t)1 << 63);
  const uint64_t rounded = (magnitude + (((uint64_t)1 << 41) - 1) + (magnitude >> 42 & 1)) >> 42;
  const uint64_t normal = rounded - ((uint64_t)(1023 - 15) << 10);
  // The unit of the sum's last bit is that of the smallest half.
  const uint64_t small = bits_of_double(double_of_bits(magnitude) + 0x1p28) - bits_of_double(0x1p28);
  const uint64_t nan = 0x7e00 | (magnitude >> 42 & 0x1ff);
  const uint64_t value = magnitude > (uint64_t)0x7ff << 52 ? nan
                         : magnitude < bits_of_double(0x1p-14) ? small
                         : normal < 0x7c00                     ? normal
                                                               : 0x7c00;
  return (uint16_t)(value | bits >> 63 << 15);
}

/// What rounds to the same small float: the upper half of an f32, its last bit set where the lower half is not
/// zero.
static inline uint16_t odd_half(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return (uint16_t)(bits >> 16 | ((bits & 0xffff) != 0));
}

/// Toward zero within low...high, which are integers; NaN is 0.
static inline double clamped(double x, double low, double high) {
  return x != x ? 0 : x <= low ? low : x >= high ? high : x;
}

static inline uint64_t saturating_u64(double x) {
  return x >= 18446744073709551616.0 ? UINT64_MAX : x > 0 ? (uint64_t)x : 0;
}

#define READ_LOOP(type, expression)                                 \
  {                                                                 \
    const type *from = x;                                           \
    if (step == 1) {                                                \
      for (ptrdiff_t i = 0; i < n; i++) {                           \
        const type a = from[i];                                     \
        out[i] = (expression);                                      \
      }                                                             \
    } else {                                                        \
      for (ptrdiff_t i = 0; i < n; i++) {                           \
        const type a = from[i * step];                              \
        out[i] = (expression);                                      \
      }                                                             \
    }                                                               \
    break;                                                          \
  }

static void read_doubles(double *restrict out, pg_number type, const void *restrict x,
                         ptrdiff_t step, ptrdiff_t n, const float *values) {
  switch (type) {
    case PG_NUMBER_F64: READ_LOOP(double, a)
    case PG_NUMBER_F32: READ_LOOP(float, (double)a)
    case PG_NUMBER_F16: READ_LOOP(uint16_t, double_of_f16(a))
    case PG_NUMBER_BF16: READ_LOOP(uint16_t, (double)widen_bf16(a))
    case PG_NUMBER_I64: READ_LOOP(int64_t, (double)a)
    case PG_NUMBER_I32: READ_LOOP(int32_t, (double)a)
    case PG_NUMBER_I16: READ_LOOP(int16_t, (double)a)
    case PG_NUMBER_I8:
    case PG_NUMBER_I4: READ_LOOP(int8_t, (double)a)
    case PG_NUMBER_U64: READ_LOOP(uint64_t, (double)a)
    case PG_NUMBER_U32: READ_LOOP(uint32_t, (double)a)
    case PG_NUMBER_U16: READ_LOOP(uint16_t, (double)a)
    case PG_NUMBER_U8:
    case PG_NUMBER_U4: READ_LOOP(uint8_t, (double)a)
    case PG_NUMBER_BOOL: READ_LOOP(uint8_t, a != 0 ? 1.0 : 0.0)
    case PG_NUMBER_SMALL: READ_LOOP(uint8_t, (double)values[a])
  }
}

#define WRITE_LOOP(type, expression)    \
  {                                     \
    type *to = out;                     \
    for (ptrdiff_t i = 0; i < n; i++) { \
      const double a = x[i];            \
      to[i] = (type)(expression);       \
    }                                   \
    break;                              \
  }

static void write_doubles(void *restrict out, pg_number type, const double *restrict x, ptrdiff_t n,
                          const uint8_t *codes) {
  switch (type) {
    case PG_NUMBER_F64: WRITE_LOOP(double, a)
    case PG_NUMBER_F32: WRITE_LOOP(float, a)
    case PG_NUMBER_F16: WRITE_LOOP(uint16_t, f16_of_double(a))
    case PG_NUMBER_BF16: WRITE_LOOP(uint16_t, narrow_to_bf16((float)a))
    case PG_NUMBER_I64: WRITE_LOOP(int64_t, saturating_i64(a))
    case PG_NUMBER_I32: WRITE_LOOP(int32_t, clamped(a, -2147483648.0, 2147483647.0))
    case PG_NUMBER_I16: WRITE_LOOP(int16_t, (int32_t)clamped(a, -32768, 32767))
    case PG_NUMBER_I8: WRITE_LOOP(int8_t, (int32_t)clamped(a, -128, 127))
    case PG_NUMBER_I4: WRITE_LOOP(int8_t, (int32_t)clamped(a, -8, 7))
    case PG_NUMBER_U64: WRITE_LOOP(uint64_t, saturating_u64(a))
    case PG_NUMBER_U32: WRITE_LOOP(uint32_t, (int64_t)clamped(a, 0, 4294967295.0))
    case PG_NUMBER_U16: WRITE_LOOP(uint16_t, (int32_t)clamped(a, 0, 65535))
    case PG_NUMBER_U8: WRITE_LOOP(uint8_t, (int32_t)clamped(a, 0, 255))
    case PG_NUMBER_U4: WRITE_LOOP(uint8_t, (int32_t)clamped(a, 0, 15))
    case PG_NUMBER_BOOL: WRITE_LOOP(uint8_t, a != 0)
    case PG_NUMBER_SMALL: WRITE_LOOP(uint8_t, codes[odd_half((float)a)])
  }
}

static void convert(pg_number to, void *out, size_t out_size, pg_number from, const pg_strided *x,
                    size_t size, size_t rows, size_t cols, const pg_small_floats *small) {
  double numbers[CONVERTED_AT_ONCE];
  const ptrdiff_t n = (ptrdiff_t)cols;
  char *place = out;
  for (size_t r = 0; r < rows; r++) {
    const char *row = (const char *)x->base + (ptrdiff_t)r * x->row * (ptrdiff_t)size;
    for (ptrdiff_t first = 0; first < n; first += CONVERTED_AT_ONCE) {
      const ptrdiff_t left = n - first, count = left < CONVERTED_AT_ONCE ? left : CONVERTED_AT_ONCE;
      read_doubles(numbers, from, row + first * x->step * (ptrdiff_t)size, x->step, count,
                   small->values);
      write_doubles(place, to, numbers, count, small->codes);
      place += count * (ptrdiff_t)out_size;
    }
  }
}
