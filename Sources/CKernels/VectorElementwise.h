// Elementwise kernels on the vector type of the including file.

__attribute__((always_inline)) static inline void unary_loop(const pg_unary op, float *out,
                                                             const float *x, size_t n) {
  size_t i = 0;
  for (; i + V_LANES <= n; i += V_LANES) v_store(out + i, v_unary(op, v_load(x + i)));
  if (i < n) {
    v_store_first(out + i, v_unary(op, v_load_first(x + i, n - i, v_set(1.0f))), n - i);
  }
}

/// Calls `LOOP(op)` with each operation as a constant, so that each has a loop of its own.
#define FOR_EACH_UNARY(op, LOOP)                              \
  switch (op) {                                               \
    case PG_UNARY_IDENTITY: LOOP(PG_UNARY_IDENTITY); break;   \
    case PG_UNARY_NEGATE: LOOP(PG_UNARY_NEGATE); break;       \
    case PG_UNARY_ABS: LOOP(PG_UNARY_ABS); break;             \
    case PG_UNARY_SQRT: LOOP(PG_UNARY_SQRT); break;           \
    case PG_UNARY_RSQRT: LOOP(PG_UNARY_RSQRT); break;         \
    case PG_UNARY_RECIPROCAL: LOOP(PG_UNARY_RECIPROCAL); break; \
    case PG_UNARY_EXP: LOOP(PG_UNARY_EXP); break;             \
    case PG_UNARY_LOG: LOOP(PG_UNARY_LOG); break;             \
    case PG_UNARY_SIN: LOOP(PG_UNARY_SIN); break;             \
    case PG_UNARY_COS: LOOP(PG_UNARY_COS); break;             \
    case PG_UNARY_TANH: LOOP(PG_UNARY_TANH); break;           \
    case PG_UNARY_ERF: LOOP(PG_UNARY_ERF); break;             \
    case PG_UNARY_RELU: LOOP(PG_UNARY_RELU); break;           \
    case PG_UNARY_SIGMOID: LOOP(PG_UNARY_SIGMOID); break;     \
    case PG_UNARY_SILU: LOOP(PG_UNARY_SILU); break;           \
    case PG_UNARY_GELU_TANH: LOOP(PG_UNARY_GELU_TANH); break; \
    case PG_UNARY_GELU_ERF: LOOP(PG_UNARY_GELU_ERF); break;   \
    case PG_UNARY_FLOOR: LOOP(PG_UNARY_FLOOR); break;         \
    case PG_UNARY_CEIL: LOOP(PG_UNARY_CEIL); break;           \
    case PG_UNARY_ROUND: LOOP(PG_UNARY_ROUND); break;         \
    case PG_UNARY_ATAN: LOOP(PG_UNARY_ATAN); break;           \
  }

static void unary(pg_unary op, float *out, const float *x, size_t n) {
#define UNARY_LOOP(constant) unary_loop(constant, out, x, n)
  FOR_EACH_UNARY(op, UNARY_LOOP)
#undef UNARY_LOOP
}

__attribute__((always_inline)) static inline vf epilogue_value(const pg_unary activation,
                                                               const pg_epilogue *e, vf value,
                                                               ptrdiff_t row, size_t col,
                                                               size_t width) {
  const vf zero = v_set(0.0f);
#define OPERAND(p) (width == V_LANES ? v_load(p) : v_load_first(p, width, zero))
  if (e->bias) value = v_add(value, OPERAND(e->bias + col));
  value = v_unary(activation, value);
  if (e->multiplier) value = v_mul(value, OPERAND(e->multiplier + row * e->ld_multiplier + col));
  if (e->residual) value = v_add(value, OPERAND(e->residual + row * e->ld_residual + col));
#undef OPERAND
  return value;
}

__attribute__((always_inline)) static inline void epilogue_loop(const pg_unary activation,
                                                                float *out, ptrdiff_t ldo,
                                                                const float *in, ptrdiff_t ldi,
                                                                size_t rows, size_t cols,
                                                                const pg_epilogue *e) {
  for (ptrdiff_t r = 0; r < (ptrdiff_t)rows; r++, out += ldo, in += ldi) {
    size_t c = 0;
    for (; c + V_LANES <= cols; c += V_LANES) {
      v_store(out + c, epilogue_value(activation, e, v_load(in + c), r, c, V_LANES));
    }
    if (c < cols) {
      const vf last = v_load_first(in + c, cols - c, v_set(1.0f));
      v_store_first(out + c, epilogue_value(activation, e, last, r, c, cols - c), cols - c);
    }
  }
}

static void epilogue(float *out, ptrdiff_t ldo, const float *in, ptrdiff_t ldi, size_t rows,
                     size_t cols, const pg_epilogue *e) {
#define EPILOGUE_LOOP(constant) epilogue_loop(constant, out, ldo, in, ldi, rows, cols, e)
  FOR_EACH_UNARY(e->activation, EPILOGUE_LOOP)
#undef EPILOGUE_LOOP
}

static float binary_value(pg_binary op, float a, float b) {
  switch (op) {
    case PG_BINARY_ADD: return a + b;
    case PG_BINARY_SUB: return a - b;
    case PG_BINARY_MUL: return a * b;
    case PG_BINARY_DIV: return a / b;
    case PG_BINARY_MAX: return isnan(a) || a > b ? a : b;
    case PG_BINARY_MIN: return isnan(a) || a < b ? a : b;
    case PG_BINARY_POW: return powf(a, b);
  }
}

/// log2 x of a normal number: twice the series of artanh((m-1)/(m+1)), to 2^-44.
static inline double log2_of(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  // Brings the mantissa between 1/sqrt 2 and sqrt 2.
  const uint64_t offset = bits - 0x3fe6a09e667f3bcd;
  const int32_t exponent = (int32_t)((int64_t)offset >> 52);
  const uint64_t rest = bits - (offset & 0xfff0000000000000);
  double m;
  memcpy(&m, &rest, sizeof m);
  const double s = (m - 1) / (m + 1), z = s * s;
  const double series =
      1 + z * (1.0 / 3 + z * (1.0 / 5 + z * (1.0 / 7 + z * (1.0 / 9 + z * (1.0 / 11 + z * (1.0 / 13 + z / 15))))));
  return exponent + 2.8853900817779268 * s * series;
}

/// 2^x for |x| < 1000: the series of e^(f ln 2), to 2^-42.
static inline double exp2_of(double x) {
  // The sum's lowest bits are the nearest integer.
  const double shifted = x + 0x1.8p52, f = (x - (shifted - 0x1.8p52)) * 0.6931471805599453;
  uint64_t bits;
  memcpy(&bits, &shifted, sizeof bits);
  bits = (bits + 1023) << 52;
  double power;
  memcpy(&power, &bits, sizeof power);
  const double series =
      1 + f * (1 + f * (1.0 / 2 + f * (1.0 / 6 + f * (1.0 / 24 + f * (1.0 / 120 + f * (1.0 / 720 +
      f * (1.0 / 5040 + f * (1.0 / 40320 + f * (1.0 / 362880)))))))));
  return power * series;
}

/// Powers that are computed at once, enough for the compiler to make vectors of f64.
#define POWERS 64

/// base^exponent. Bases, exponents and results that are no plain numbers are the C library's.
static void powers(float *restrict result, const float *restrict base,
                   const float *restrict exponent) {
  int32_t is_plain[POWERS];
  for (size_t i = 0; i < POWERS; i++) {
    const float magnitude = fabsf(base[i]);
    const double power = (double)exponent[i] * log2_of((double)magnitude);
    const double half = (double)exponent[i] * 0.5;
    const int is_odd = half != rint(half), is_integer = exponent[i] == rintf(exponent[i]);
    const float value = (float)exp2_of(power);
    const float signed_value = ((base[i] < 0) & is_odd) ? -value : value;
    result[i] = ((base[i] < 0) & !is_integer) ? NAN : signed_value;
    is_plain[i] = (magnitude >= 0x1p-126f) & (magnitude < INFINITY) & (fabs(power) < 126);
  }
  for (size_t i = 0; i < POWERS; i++) {
    if (!is_plain[i]) result[i] = powf(base[i], exponent[i]);
  }
}

static void pow_strides(float *out, const float *a, ptrdiff_t stride_a, const float *b,
                        ptrdiff_t stride_b, size_t n) {
  float base[POWERS], exponent[POWERS], result[POWERS];
  for (size_t at = 0; at < n; at += POWERS) {
    const size_t left = n - at < POWERS ? n - at : POWERS;
    for (size_t i = 0; i < POWERS; i++) {
      const ptrdiff_t place = (ptrdiff_t)(at + (i < left ? i : 0));
      base[i] = a[place * stride_a];
      exponent[i] = b[place * stride_b];
    }
    powers(result, base, exponent);
    memcpy(out + at, result, left * sizeof *out);
  }
}

__attribute__((always_inline)) static inline vf v_binary(pg_binary op, vf a, vf b) {
  switch (op) {
    case PG_BINARY_ADD: return v_add(a, b);
    case PG_BINARY_SUB: return v_sub(a, b);
    case PG_BINARY_MUL: return v_mul(a, b);
    case PG_BINARY_DIV: return v_div(a, b);
    case PG_BINARY_MAX: return v_max_nan(a, b);
    case PG_BINARY_MIN: return v_min_nan(a, b);
    // Has a loop of its own.
    case PG_BINARY_POW: return a;
  }
}

/// A stride of 0 (one value for all) or 1 (contiguous), as a constant.
__attribute__((always_inline)) static inline vf load_operand(const float *p, const ptrdiff_t stride,
                                                             size_t width) {
  if (stride == 0) return v_set(*p);
  return width == V_LANES ? v_load(p) : v_load_first(p, width, v_set(1.0f));
}

__attribute__((always_inline)) static inline void binary_loop(const pg_binary op, float *out,
                                                              const float *a,
                                                              const ptrdiff_t stride_a,
                                                              const float *b,
                                                              const ptrdiff_t stride_b, size_t n) {
  size_t i = 0;
  for (; i + V_LANES <= n; i += V_LANES) {
    const vf left = load_operand(a + (ptrdiff_t)i * stride_a, stride_a, V_LANES);
    const vf right = load_operand(b + (ptrdiff_t)i * stride_b, stride_b, V_LANES);
    v_store(out + i, v_binary(op, left, right));
  }
  if (i < n) {
    const vf left = load_operand(a + (ptrdiff_t)i * stride_a, stride_a, n - i);
    const vf right = load_operand(b + (ptrdiff_t)i * stride_b, stride_b, n - i);
    v_store_first(out + i, v_binary(op, left, right), n - i);
  }
}

__attribute__((always_inline)) static inline void binary_strides(const pg_binary op, float *out,
                                                                 const float *a,
                                                                 ptrdiff_t stride_a, const float *b,
                                                                 ptrdiff_t stride_b, size_t n) {
  // A value that is read again and again may sit where the output goes: it is kept aside.
  if (stride_a == 1 && stride_b == 1) {
    binary_loop(op, out, a, 1, b, 1, n);
  } else if (stride_a == 1 && stride_b == 0 && n > 0) {
    const float right = *b;
    binary_loop(op, out, a, 1, &right, 0, n);
  } else if (stride_a == 0 && stride_b == 1 && n > 0) {
    const float left = *a;
    binary_loop(op, out, &left, 0, b, 1, n);
  } else {
    for (ptrdiff_t i = 0; i < (ptrdiff_t)n; i++) {
      out[i] = binary_value(op, a[i * stride_a], b[i * stride_b]);
    }
  }
}

static void binary(pg_binary op, float *out, const float *a, ptrdiff_t stride_a, const float *b,
                   ptrdiff_t stride_b, size_t n) {
#define BINARY_CASE(constant)                                      \
  case constant:                                                   \
    binary_strides(constant, out, a, stride_a, b, stride_b, n);    \
    break;
  switch (op) {
    BINARY_CASE(PG_BINARY_ADD)
    BINARY_CASE(PG_BINARY_SUB)
    BINARY_CASE(PG_BINARY_MUL)
    BINARY_CASE(PG_BINARY_DIV)
    BINARY_CASE(PG_BINARY_MAX)
    BINARY_CASE(PG_BINARY_MIN)
    case PG_BINARY_POW: pow_strides(out, a, stride_a, b, stride_b, n); break;
  }
#undef BINARY_CASE
}

static void softcap(float *out, const float *x, size_t n, float cap) {
  const vf limit = v_set(cap);
  size_t i = 0;
  for (; i + V_LANES <= n; i += V_LANES) v_store(out + i, v_softcap(v_load(x + i), limit));
  if (i < n) {
    v_store_first(out + i, v_softcap(v_load_first(x + i, n - i, limit), limit), n - i);
  }
}
