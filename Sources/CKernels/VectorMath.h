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

/// Calls a C library function lane by lane.
static inline vf v_each(float (*function)(float), vf x) {
  float lanes[V_LANES];
  v_store(lanes, x);
  for (size_t i = 0; i < V_LANES; i++) lanes[i] = function(lanes[i]);
  return v_load(lanes);
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
    case PG_UNARY_LOG: return v_each(logf, x);
    case PG_UNARY_SIN: return v_each(sinf, x);
    case PG_UNARY_COS: return v_each(cosf, x);
    case PG_UNARY_TANH: return v_tanh(x);
    case PG_UNARY_ERF: return v_erf(x);
    case PG_UNARY_RELU: return v_max(v_set(0.0f), x);
    case PG_UNARY_SIGMOID: return v_sigmoid(x);
    case PG_UNARY_SILU: return v_silu(x);
    case PG_UNARY_GELU_TANH: return v_gelu_tanh(x);
    case PG_UNARY_GELU_ERF: return v_gelu_erf(x);
    case PG_UNARY_FLOOR: return v_floor(x);
    case PG_UNARY_CEIL: return v_ceil(x);
  }
}

/// max and min that are NaN where either operand is.
static inline vf v_max_nan(vf a, vf b) { return v_select_nan(a, a, v_max(a, b)); }
static inline vf v_min_nan(vf a, vf b) { return v_select_nan(a, a, v_min(a, b)); }
