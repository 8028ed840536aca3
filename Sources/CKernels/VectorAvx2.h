// The vector type of the AVX2 kernels: 8 lanes, partial loads and stores by mask.
// Included once by Avx2.c, inside its target attribute. VectorAvx512.h offers the same names.

#define V_LANES 8

typedef __m256 vf;

static const int32_t v_mask_words[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};

/// A mask of the first n <= 8 lanes.
static inline __m256i v_first(size_t n) {
  return _mm256_loadu_si256((const __m256i *)(v_mask_words + 8 - n));
}

static inline vf v_set(float x) { return _mm256_set1_ps(x); }
static inline vf v_load(const float *p) { return _mm256_loadu_ps(p); }
static inline void v_store(float *p, vf x) { _mm256_storeu_ps(p, x); }
/// The first n lanes of `x`, the others from `fill`.
static inline vf v_keep_first(vf x, size_t n, vf fill) {
  return _mm256_blendv_ps(fill, x, _mm256_castsi256_ps(v_first(n)));
}
/// The first n < V_LANES elements, the other lanes taken from `fill`.
static inline vf v_load_first(const float *p, size_t n, vf fill) {
  return v_keep_first(_mm256_maskload_ps(p, v_first(n)), n, fill);
}
static inline void v_store_first(float *p, vf x, size_t n) {
  _mm256_maskstore_ps(p, v_first(n), x);
}

static inline vf v_widen(__m128i bits) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}
static inline vf v_load_bf16(const uint16_t *p) {
  return v_widen(_mm_loadu_si128((const __m128i *)p));
}
static inline vf v_load_bf16_first(const uint16_t *p, size_t n) {
  uint16_t first[8] = {0};
  memcpy(first, p, n * sizeof *p);
  return v_load_bf16(first);
}
/// V_LANES 32-bit integers.
typedef __m256i vi;
static inline vi v_word(int32_t a) { return _mm256_set1_epi32(a); }
static inline vi v_load_words(const void *p) { return _mm256_loadu_si256((const __m256i *)p); }
static inline vf v_float(vi a) { return _mm256_cvtepi32_ps(a); }
/// The low and high four bits of each byte.
static inline vi v_low_nibbles(vi a) { return _mm256_and_si256(a, _mm256_set1_epi8(15)); }
static inline vi v_high_nibbles(vi a) { return v_low_nibbles(_mm256_srli_epi16(a, 4)); }
/// The bytes at even and odd places, as 16-bit numbers.
typedef struct { vi even, odd; } v_bytes;
static inline v_bytes v_bytes_of(vi bytes) {
  const vi even = _mm256_and_si256(bytes, _mm256_set1_epi16(0xff));
  return (v_bytes){even, _mm256_srli_epi16(bytes, 8)};
}
/// sum + the products of two 16-bit numbers in each lane, twice; `even` and `odd` hold two each.
static inline vi v_add_products(vi sum, v_bytes bytes, int32_t even, int32_t odd) {
  const vi first = _mm256_madd_epi16(bytes.even, _mm256_set1_epi32(even));
  const vi second = _mm256_madd_epi16(bytes.odd, _mm256_set1_epi32(odd));
  return _mm256_add_epi32(sum, _mm256_add_epi32(first, second));
}
/// Stores the lanes, rounded to nearest even, as bytes; all are in -128...127.
static inline void v_store_int8(int8_t *p, vf x) {
  const __m256i words = _mm256_cvtps_epi32(x);
  const __m128i halves =
      _mm_packs_epi32(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  _mm_storel_epi64((__m128i *)p, _mm_packs_epi16(halves, halves));
}

/// V_LANES pairs of bf16, of which the first or the second number of each pair is then taken.
typedef __m256i v_pairs;
static inline v_pairs v_load_pairs(const uint16_t *p) {
  return _mm256_loadu_si256((const __m256i *)p);
}
static inline vf v_first_of_pairs(v_pairs x) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(x, 16));
}
static inline vf v_second_of_pairs(v_pairs x) {
  return _mm256_castsi256_ps(_mm256_and_si256(x, _mm256_set1_epi32((int)0xffff0000)));
}
/// Rounds to nearest even; a NaN becomes quiet.
static inline __m128i v_narrow(vf x) {
  const __m256i bits = _mm256_castps_si256(x);
  const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  const __m256i rounded =
      _mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff)), odd);
  const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x00400000));
  const __m256i is_nan = _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q));
  const __m256i word = _mm256_srli_epi32(_mm256_blendv_epi8(rounded, quiet, is_nan), 16);
  return _mm_packus_epi32(_mm256_castsi256_si128(word), _mm256_extracti128_si256(word, 1));
}
static inline void v_store_bf16(uint16_t *p, vf x) { _mm_storeu_si128((__m128i *)p, v_narrow(x)); }
static inline void v_store_bf16_first(uint16_t *p, vf x, size_t n) {
  uint16_t first[8];
  v_store_bf16(first, x);
  memcpy(p, first, n * sizeof *p);
}

static inline vf v_add(vf a, vf b) { return _mm256_add_ps(a, b); }
static inline vf v_sub(vf a, vf b) { return _mm256_sub_ps(a, b); }
static inline vf v_mul(vf a, vf b) { return _mm256_mul_ps(a, b); }
static inline vf v_div(vf a, vf b) { return _mm256_div_ps(a, b); }
/// a b + c with one rounding.
static inline vf v_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
/// c - a b with one rounding.
static inline vf v_fnma(vf a, vf b, vf c) { return _mm256_fnmadd_ps(a, b, c); }
/// b where either is NaN, as the instruction does.
static inline vf v_min(vf a, vf b) { return _mm256_min_ps(a, b); }
static inline vf v_max(vf a, vf b) { return _mm256_max_ps(a, b); }
static inline vf v_sqrt(vf a) { return _mm256_sqrt_ps(a); }
static inline vf v_round(vf a) {
  return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
static inline vf v_floor(vf a) { return _mm256_floor_ps(a); }
static inline vf v_ceil(vf a) { return _mm256_ceil_ps(a); }
static inline vf v_abs(vf a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
static inline vf v_neg(vf a) { return _mm256_xor_ps(a, _mm256_set1_ps(-0.0f)); }
/// |a| with the sign of b.
static inline vf v_copysign(vf a, vf b) {
  const vf sign = _mm256_set1_ps(-0.0f);
  return _mm256_or_ps(_mm256_andnot_ps(sign, a), _mm256_and_ps(sign, b));
}
/// a < b ? yes : no, lane by lane; a NaN chooses `no`.
static inline vf v_select_less(vf a, vf b, vf yes, vf no) {
  return _mm256_blendv_ps(no, yes, _mm256_cmp_ps(a, b, _CMP_LT_OQ));
}
/// a is NaN ? yes : no, lane by lane.
static inline vf v_select_nan(vf a, vf yes, vf no) {
  return _mm256_blendv_ps(no, yes, _mm256_cmp_ps(a, a, _CMP_UNORD_Q));
}
/// Whether |a| <= limit in all lanes; NaN is beyond any limit.
static inline bool v_all_within(vf a, vf limit) {
  return _mm256_movemask_ps(_mm256_cmp_ps(v_abs(a), limit, _CMP_LE_OQ)) == 0xff;
}
/// e and m of a normal a = m 2^e > 0 with 1 <= m < 2.
static inline vf v_exponent(vf a) {
  const __m256i bits = _mm256_srli_epi32(_mm256_castps_si256(a), 23);
  return _mm256_cvtepi32_ps(_mm256_sub_epi32(bits, _mm256_set1_epi32(127)));
}
static inline vf v_mantissa(vf a) {
  const __m256i bits = _mm256_and_si256(_mm256_castps_si256(a), _mm256_set1_epi32(0x7fffff));
  return _mm256_castsi256_ps(_mm256_or_si256(bits, _mm256_set1_epi32(0x3f800000)));
}
/// Whether any lane is NaN.
static inline bool v_any_nan(vf a) {
  return _mm256_movemask_ps(_mm256_cmp_ps(a, a, _CMP_UNORD_Q)) != 0;
}
/// 2^n for integral n in [-126, 127].
static inline vf v_power_of_two(__m256i n) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
}
/// x 2^n for integral n in [-252, 252], in two factors so that each is a normal number.
static inline vf v_scale_by_power(vf x, vf n) {
  const __m256i power = _mm256_cvtps_epi32(n);
  const __m256i half = _mm256_srai_epi32(power, 1);
  return v_mul(v_mul(x, v_power_of_two(half)), v_power_of_two(_mm256_sub_epi32(power, half)));
}

/// Sum of the lanes in a fixed tree order.
static inline float v_sum(vf a) {
  const __m128 quarter = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  const __m128 pair = _mm_add_ps(quarter, _mm_movehl_ps(quarter, quarter));
  return _mm_cvtss_f32(_mm_add_ss(pair, _mm_movehdup_ps(pair)));
}
/// Largest lane; no lane is NaN.
static inline float v_largest(vf a) {
  const __m128 quarter = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  const __m128 pair = _mm_max_ps(quarter, _mm_movehl_ps(quarter, quarter));
  return _mm_cvtss_f32(_mm_max_ss(pair, _mm_movehdup_ps(pair)));
}
