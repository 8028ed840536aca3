// The vector type of the AVX-512 kernels: 16 lanes, partial loads and stores by mask.
// Included once by Avx512.c, inside its target attribute. VectorAvx2.h offers the same names.

#define V_LANES 16

typedef __m512 vf;

static inline __mmask16 v_first(size_t n) { return (__mmask16)((1u << n) - 1); }

static inline vf v_set(float x) { return _mm512_set1_ps(x); }
static inline vf v_load(const float *p) { return _mm512_loadu_ps(p); }
static inline void v_store(float *p, vf x) { _mm512_storeu_ps(p, x); }
/// The first n < V_LANES elements, the other lanes taken from `fill`.
static inline vf v_load_first(const float *p, size_t n, vf fill) {
  return _mm512_mask_loadu_ps(fill, v_first(n), p);
}
static inline void v_store_first(float *p, vf x, size_t n) {
  _mm512_mask_storeu_ps(p, v_first(n), x);
}
/// The first n lanes of `x`, the others from `fill`.
static inline vf v_keep_first(vf x, size_t n, vf fill) {
  return _mm512_mask_blend_ps(v_first(n), fill, x);
}

static inline vf v_widen(__m256i bits) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}
static inline vf v_load_bf16(const uint16_t *p) {
  return v_widen(_mm256_loadu_si256((const __m256i *)p));
}
static inline vf v_load_bf16_first(const uint16_t *p, size_t n) {
  return v_widen(_mm256_maskz_loadu_epi16(v_first(n), p));
}
/// V_LANES 32-bit integers.
typedef __m512i vi;
static inline vi v_word(int32_t a) { return _mm512_set1_epi32(a); }
static inline vi v_load_words(const void *p) { return _mm512_loadu_si512(p); }
static inline vf v_float(vi a) { return _mm512_cvtepi32_ps(a); }
/// The low and high four bits of each byte.
static inline vi v_low_nibbles(vi a) { return _mm512_and_si512(a, _mm512_set1_epi8(15)); }
static inline vi v_high_nibbles(vi a) { return v_low_nibbles(_mm512_srli_epi16(a, 4)); }
/// The bytes at even and odd places, as 16-bit numbers.
typedef struct { vi even, odd; } v_bytes;
static inline v_bytes v_bytes_of(vi bytes) {
  const vi even = _mm512_and_si512(bytes, _mm512_set1_epi16(0xff));
  return (v_bytes){even, _mm512_srli_epi16(bytes, 8)};
}
/// sum + the products of two 16-bit numbers in each lane, twice; `even` and `odd` hold two each.
static inline vi v_add_products(vi sum, v_bytes bytes, int32_t even, int32_t odd) {
  const vi first = _mm512_madd_epi16(bytes.even, _mm512_set1_epi32(even));
  const vi second = _mm512_madd_epi16(bytes.odd, _mm512_set1_epi32(odd));
  return _mm512_add_epi32(sum, _mm512_add_epi32(first, second));
}
/// Stores the lanes, rounded to nearest even, as bytes; all are in -128...127.
static inline void v_store_int8(int8_t *p, vf x) {
  _mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(x)));
}

/// V_LANES pairs of bf16, of which the first or the second number of each pair is then taken.
typedef __m512i v_pairs;
static inline v_pairs v_load_pairs(const uint16_t *p) { return _mm512_loadu_si512(p); }
static inline vf v_first_of_pairs(v_pairs x) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(x, 16));
}
static inline vf v_second_of_pairs(v_pairs x) {
  return _mm512_castsi512_ps(_mm512_and_si512(x, _mm512_set1_epi32((int)0xffff0000)));
}
/// Rounds to nearest even; a NaN becomes quiet.
static inline __m256i v_narrow(vf x) {
  const __m512i bits = _mm512_castps_si512(x);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  const __m512i rounded =
      _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
  const __m512i quiet = _mm512_or_si512(bits, _mm512_set1_epi32(0x00400000));
  const __mmask16 is_nan = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
  const __m512i word = _mm512_mask_blend_epi32(is_nan, rounded, quiet);
  return _mm512_cvtepi32_epi16(_mm512_srli_epi32(word, 16));
}
static inline void v_store_bf16(uint16_t *p, vf x) {
  _mm256_storeu_si256((__m256i *)p, v_narrow(x));
}
static inline void v_store_bf16_first(uint16_t *p, vf x, size_t n) {
  _mm256_mask_storeu_epi16(p, v_first(n), v_narrow(x));
}

static inline vf v_add(vf a, vf b) { return _mm512_add_ps(a, b); }
static inline vf v_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
static inline vf v_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
static inline vf v_div(vf a, vf b) { return _mm512_div_ps(a, b); }
/// a b + c with one rounding.
static inline vf v_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
/// c - a b with one rounding.
static inline vf v_fnma(vf a, vf b, vf c) { return _mm512_fnmadd_ps(a, b, c); }
/// b where either is NaN, as the instruction does.
static inline vf v_min(vf a, vf b) { return _mm512_min_ps(a, b); }
static inline vf v_max(vf a, vf b) { return _mm512_max_ps(a, b); }
static inline vf v_sqrt(vf a) { return _mm512_sqrt_ps(a); }
static inline vf v_round(vf a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT); }
static inline vf v_floor(vf a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEG_INF); }
static inline vf v_ceil(vf a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_POS_INF); }
static inline vf v_abs(vf a) { return _mm512_abs_ps(a); }
static inline vf v_neg(vf a) { return _mm512_xor_ps(a, _mm512_set1_ps(-0.0f)); }
/// |a| with the sign of b.
static inline vf v_copysign(vf a, vf b) {
  const vf sign = _mm512_set1_ps(-0.0f);
  return _mm512_or_ps(_mm512_andnot_ps(sign, a), _mm512_and_ps(sign, b));
}
/// a < b ? yes : no, lane by lane; a NaN chooses `no`.
static inline vf v_select_less(vf a, vf b, vf yes, vf no) {
  return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), no, yes);
}
/// a is NaN ? yes : no, lane by lane.
static inline vf v_select_nan(vf a, vf yes, vf no) {
  return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q), no, yes);
}
/// Whether |a| <= limit in all lanes; NaN is beyond any limit.
static inline bool v_all_within(vf a, vf limit) {
  return _mm512_cmp_ps_mask(v_abs(a), limit, _CMP_LE_OQ) == 0xffff;
}
/// e and m of a normal a = m 2^e > 0 with 1 <= m < 2.
static inline vf v_exponent(vf a) { return _mm512_getexp_ps(a); }
static inline vf v_mantissa(vf a) {
  return _mm512_getmant_ps(a, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_zero);
}
/// Whether any lane is NaN.
static inline bool v_any_nan(vf a) { return _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q) != 0; }
/// x 2^n for integral n in [-252, 252], rounded once.
static inline vf v_scale_by_power(vf x, vf n) { return _mm512_scalef_ps(x, n); }

/// Sum of the lanes in a fixed tree order.
static inline float v_sum(vf a) { return _mm512_reduce_add_ps(a); }
/// Largest lane; no lane is NaN.
static inline float v_largest(vf a) { return _mm512_reduce_max_ps(a); }
