// Vectorised functions of one value, written on the vector type of the including file.
// The polynomials are weighted minimax fits (Lawson iteration on Chebyshev nodes), each stated
// with its own error; the bounds in CKernels.h include the rounding of the evaluation.

/// e^x. x = n ln 2 + r with |r| <= ln 2 / 2; e^r = 1 + r + r^2 q(r), q of degree 4 (error
/// 3.2e-9). Overflow gives inf. Below -87.3, where results near the subnormals would cost the CPU
/// a hundred times as much, the result is 0.
static inline vf v_exp(vf x) {
  // The operand order lets a NaN through both clamps.
  const vf lowest = v_set(-87.3f);
  const vf bounded = v_max(lowest, v_min(v_set(89.0f), x));
  const vf n = v_round(v_mul(bounded, v_set(1.44269504088896f)));
  // ln 2 in two parts, the first exact in 15 bits so that n times it is exact.
  vf r = v_fnma(n, v_set(0.693145751953125f), bounded);
  r = v_fnma(n, v_set(1.42860682030941723e-6f), r);
  vf q = v_set(0.001395059775318763f);
  q = v_fma(q, r, v_set(0.008368953958659954f));
  q = v_fma(q, r, v_set(0.0416662042010057f));
  q = v_fma(q, r, v_set(0.16666518301211458f));
  q = v_fma(q, r, v_set(0.5000000095686785f));
  const vf p = v_add(v_set(1.0f), v_fma(v_mul(r, r), q, r));
  return v_select_less(x, lowest, v_set(0.0f), v_scale_by_power(p, n));
}

/// tanh x. Below 0.625: x + x^3 p(x^2), p of degree 4 (error 5.4e-9); above: 1 - 2/(e^2|x| + 1).
static inline vf v_tanh(vf x) {
  const vf z = v_mul(x, x), magnitude = v_abs(x);
  vf p = v_set(-0.005603894233033555f);
  p = v_fma(p, z, v_set(0.020551699146951666f));
  p = v_fma(p, z, v_set(-0.05371410011557673f));
  p = v_fma(p, z, v_set(0.1333115270374806f));
  p = v_fma(p, z, v_set(-0.3333327207801493f));
  const vf small = v_fma(v_mul(x, z), p, x);
  const vf grown = v_exp(v_add(magnitude, magnitude));
  const vf large =
      v_sub(v_set(1.0f), v_div(v_set(2.0f), v_add(grown, v_set(1.0f))));
  return v_select_less(magnitude, v_set(0.625f), small, v_copysign(large, x));
}

/// erf x. Below 1: x p(x^2), p of degree 6 (error 1.3e-9); from 1: 1 - e^q(|x|), where q of
/// degree 6 fits log erfc on [1, 4] (error 1.1e-9); beyond 4 it is 1 in f32.
static inline vf v_erf(vf x) {
  const vf z = v_mul(x, x), magnitude = v_abs(x);
  vf p = v_set(7.853853258214969e-05f);
  p = v_fma(p, z, v_set(-0.0008010191171487387f));
  p = v_fma(p, z, v_set(0.00518832740616732f));
  p = v_fma(p, z, v_set(-0.026853811787997308f));
  p = v_fma(p, z, v_set(0.11283585145089045f));
  p = v_fma(p, z, v_set(-0.3761262582392246f));
  // The constant term 2/sqrt(pi) = 1 + 0.128… is split so that x itself enters exactly.
  const vf small = v_fma(x, v_fma(p, z, v_set(0.1283791657266669f)), x);
  const vf bounded = v_min(v_set(4.0f), magnitude);
  vf q = v_set(0.00018677874578621747f);
  q = v_fma(q, bounded, v_set(-0.002951893453653094f));
  q = v_fma(q, bounded, v_set(0.021856376456584566f));
  q = v_fma(q, bounded, v_set(-0.10314809965120425f));
  q = v_fma(q, bounded, v_set(-0.6380934201471196f));
  q = v_fma(q, bounded, v_set(-1.1271225832155527f));
  q = v_fma(q, bounded, v_set(-0.0003326693190954799f));
  const vf large = v_sub(v_set(1.0f), v_exp(q));
  return v_select_less(magnitude, v_set(1.0f), small, v_copysign(large, x));
}

static inline vf v_one_plus_exp(vf x) { return v_add(v_set(1.0f), v_exp(x)); }

static inline vf v_sigmoid(vf x) { return v_div(v_set(1.0f), v_one_plus_exp(v_neg(x))); }

static inline vf v_silu(vf x) { return v_div(x, v_one_plus_exp(v_neg(x))); }

/// x/2 (1 + tanh t) = x / (1 + e^-2t), t = sqrt(2/pi) (x + 0.044715 x^3).
static inline vf v_gelu_tanh(vf x) {
  const vf cube = v_mul(v_mul(x, x), x);
  const vf t = v_mul(v_set(0.7978845608028654f), v_fma(v_set(0.044715f), cube, x));
  return v_div(x, v_one_plus_exp(v_mul(v_set(-2.0f), t)));
}

static inline vf v_gelu_erf(vf x) {
  const vf e = v_erf(v_mul(x, v_set(0.7071067811865476f)));
  return v_mul(v_mul(v_set(0.5f), x), v_add(v_set(1.0f), e));
}

/// cap tanh(x / cap).
static inline vf v_softcap(vf x, vf cap) { return v_mul(cap, v_tanh(v_div(x, cap))); }

/// log x. x = m 2^e with 1/sqrt 2 < m <= sqrt 2; log m = f - f^2/2 + f^3 p(f) with f = m - 1, p of degree 8
/// (the coefficients of Cephes).
static inline vf v_log(vf x) {
  const vf normal = v_set(0x1p-126f), zero = v_set(0.0f);
  const vf scaled = v_select_less(x, normal, v_mul(x, v_set(0x1p23f)), x);
  vf m = v_mantissa(scaled);
  vf e = v_add(v_exponent(scaled), v_select_less(x, normal, v_set(-23.0f), zero));
  const vf middle = v_set(1.41421356237f);
  e = v_select_less(middle, m, v_add(e, v_set(1.0f)), e);
  m = v_select_less(middle, m, v_mul(m, v_set(0.5f)), m);
  const vf f = v_sub(m, v_set(1.0f)), square = v_mul(f, f);
  vf p = v_set(7.0376836292e-2f);
  p = v_fma(p, f, v_set(-1.1514610310e-1f));
  p = v_fma(p, f, v_set(1.1676998740e-1f));
  p = v_fma(p, f, v_set(-1.2420140846e-1f));
  p = v_fma(p, f, v_set(1.4249322787e-1f));
  p = v_fma(p, f, v_set(-1.6668057665e-1f));
  p = v_fma(p, f, v_set(2.0000714765e-1f));
  p = v_fma(p, f, v_set(-2.4999993993e-1f));
  p = v_fma(p, f, v_set(3.3333331174e-1f));
  // ln 2 in two parts, the first exact in 10 bits so that e times it is exact.
  vf y = v_fma(e, v_set(-2.12194440e-4f), v_mul(v_mul(p, f), square));
  y = v_fma(square, v_set(-0.5f), y);
  y = v_fma(e, v_set(0.693359375f), v_add(f, y));
  y = v_select_less(zero, v_abs(x), y, v_set(-INFINITY));
  y = v_select_less(x, v_set(INFINITY), y, x);
  return v_select_less(x, zero, v_set(NAN), y);
}

/// Where reducing an angle by pi/2 in three parts is exact enough.
#define LARGEST_ANGLE 0x1p16f

/// The C library's results where |x| > LARGEST_ANGLE, `y` elsewhere.
static vf v_large_angles(float (*function)(float), vf x, vf y) {
  float angles[V_LANES], results[V_LANES];
  v_store(angles, x);
  v_store(results, y);
  for (size_t i = 0; i < V_LANES; i++) {
    if (!(fabsf(angles[i]) <= LARGEST_ANGLE)) results[i] = function(angles[i]);
  }
  return v_load(results);
}

/// sin(x + quarters pi/2). x = n pi/2 + r with |r| <= pi/4; the polynomials are those of Cephes.
static inline vf v_sine(vf x, const float quarters) {
  const vf n = v_round(v_mul(x, v_set(0.636619772367581f)));
  vf r = v_fnma(n, v_set(1.5707963705062866f), x);
  r = v_fnma(n, v_set(-4.371138828673793e-08f), r);
  r = v_fnma(n, v_set(-1.7151245100058819e-15f), r);
  const vf z = v_mul(r, r), one = v_set(1.0f), half = v_set(0.5f), two = v_set(2.0f);
  vf s = v_fma(v_set(-1.9515295891e-4f), z, v_set(8.3321608736e-3f));
  s = v_fma(s, z, v_set(-1.6666654611e-1f));
  const vf sine = v_fma(v_mul(s, z), r, r);
  vf c = v_fma(v_set(2.443315711809948e-5f), z, v_set(-1.388731625493765e-3f));
  c = v_fma(c, z, v_set(4.166664568298827e-2f));
  c = v_fma(c, z, v_set(-0.5f));
  const vf cosine = v_fma(c, z, one);
  // The two lowest bits of the number of quarters, as floats.
  const vf turns = v_add(n, v_set(quarters));
  const vf halves = v_floor(v_mul(turns, half));
  const vf is_cosine = v_fnma(two, halves, turns);
  const vf is_negative = v_fnma(two, v_floor(v_mul(halves, half)), halves);
  const vf y = v_select_less(half, is_cosine, cosine, sine);
  return v_select_less(half, is_negative, v_neg(y), y);
}

static inline vf v_sin(vf x) {
  // Near 0, where it keeps the sign, it is x.
  const vf y = v_select_less(v_abs(x), v_set(0x1p-12f), x, v_sine(x, 0));
  return v_all_within(x, v_set(LARGEST_ANGLE)) ? y : v_large_angles(sinf, x, y);
}

static inline vf v_cos(vf x) {
  const vf y = v_sine(x, 1);
  return v_all_within(x, v_set(LARGEST_ANGLE)) ? y : v_large_angles(cosf, x, y);
}

/// atan x, of |x| brought below tan(pi/8) by atan x = pi/4 + atan((x-1)/(x+1)) = pi/2 - atan(1/x); the
/// polynomial is that of Cephes.
static inline vf v_atan(vf x) {
  const vf magnitude = v_abs(x), one = v_set(1.0f), zero = v_set(0.0f);
  const vf low = v_set(0.4142135623730950f), high = v_set(2.414213562373095f);
  const vf middle = v_div(v_sub(magnitude, one), v_add(magnitude, one));
  const vf large = v_div(v_set(-1.0f), magnitude);
  vf t = v_select_less(low, magnitude, middle, magnitude);
  t = v_select_less(high, magnitude, large, t);
  vf start = v_select_less(low, magnitude, v_set(0.785398163397448f), zero);
  start = v_select_less(high, magnitude, v_set(1.570796326794897f), start);
  const vf z = v_mul(t, t);
  vf p = v_fma(v_set(8.05374449538e-2f), z, v_set(-1.38776856032e-1f));
  p = v_fma(p, z, v_set(1.99777106478e-1f));
  p = v_fma(p, z, v_set(-3.33329491539e-1f));
  return v_copysign(v_add(start, v_fma(v_mul(p, z), t, t)), x);
}

__attribute__((always_inline)) static inline vf v_unary(pg_unary op, vf x) {
  switch (op) {
    case PG_UNARY_IDENTITY: return x;
    case PG_UNARY_NEGATE: return v_neg(x);
    case PG_UNARY_ABS: return v_abs(x);
    case PG_UNARY_SQRT: return v_sqrt(x);
    case PG_UNARY_RSQRT: return v_div(v_set(1.0f), v_sqrt(x));
    case PG_UNARY_RECIPROCAL: return v_div(v_set(1.0f), x);
    case PG_UNARY_EXP: return v_exp(x);
    case PG_UNARY_LOG: return v_log(x);
    case PG_UNARY_SIN: return v_sin(x);
    case PG_UNARY_COS: return v_cos(x);
    case PG_UNARY_TANH: return v_tanh(x);
    case PG_UNARY_ERF: return v_erf(x);
    case PG_UNARY_RELU: return v_max(v_set(0.0f), x);
    case PG_UNARY_SIGMOID: return v_sigmoid(x);
    case PG_UNARY_SILU: return v_silu(x);
    case PG_UNARY_GELU_TANH: return v_gelu_tanh(x);
    case PG_UNARY_GELU_ERF: return v_gelu_erf(x);
    case PG_UNARY_FLOOR: return v_floor(x);
    case PG_UNARY_CEIL: return v_ceil(x);
    case PG_UNARY_ROUND: return v_round(x);
    case PG_UNARY_ATAN: return v_atan(x);
  }
}

/// max and min that are NaN where either operand is.
static inline vf v_max_nan(vf a, vf b) { return v_select_nan(a, a, v_max(a, b)); }
static inline vf v_min_nan(vf a, vf b) { return v_select_nan(a, a, v_min(a, b)); }
