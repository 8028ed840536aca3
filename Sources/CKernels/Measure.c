// What the machine can do at best: arithmetic on registers alone, reading memory alone.
#include <string.h>

#include "Tables.h"

#if defined(__x86_64__)
#include <immintrin.h>

/// Enough independent chains to fill the pipelines.
enum { CHAINS = 12 };

#define WITH(features) __attribute__((target(features), noinline))

/// Runs `rounds` of CHAINS independent operations and returns something that depends on all.
#define PEAK(name, features, type, zero, step, first)         \
  WITH(features) static float name(uint64_t rounds) {         \
    type sum[CHAINS];                                         \
    for (int i = 0; i < CHAINS; i++) sum[i] = zero;           \
    for (uint64_t round = 0; round < rounds; round++) {       \
      _Pragma("clang loop unroll(full)")                      \
      for (int i = 0; i < CHAINS; i++) {                      \
        sum[i] = step(sum[i]);                                \
        __asm__ volatile("" : "+x"(sum[i]));                  \
      }                                                       \
    }                                                         \
    float total = 0;                                          \
    for (int i = 0; i < CHAINS; i++) total += first(sum[i]);  \
    return total;                                             \
  }

#define FMA_256(x) _mm256_fmadd_ps(x, _mm256_set1_ps(0.5f), _mm256_set1_ps(0.25f))
#define FMA_512(x) _mm512_fmadd_ps(x, _mm512_set1_ps(0.5f), _mm512_set1_ps(0.25f))
#define DOT_BF16(x) \
  _mm512_dpbf16_ps(x, (__m512bh)_mm512_set1_epi32(0x3e803e80), (__m512bh)_mm512_set1_epi32(0x3e803e80))
#define DOT_INT8(x) _mm512_dpbusd_epi32(x, _mm512_set1_epi8(1), _mm512_set1_epi8(2))
#define MADD_256(x) \
  _mm256_add_epi32(x, _mm256_madd_epi16(_mm256_xor_si256(x, _mm256_set1_epi16(1)), _mm256_set1_epi16(2)))
#define FIRST_256(x) _mm256_cvtss_f32(x)
#define FIRST_512(x) _mm512_cvtss_f32(x)
#define FIRST_256I(x) (float)_mm256_cvtsi256_si32(x)
#define FIRST_512I(x) (float)_mm512_cvtsi512_si32(x)

PEAK(peak_f32_avx2, "avx2,fma", __m256, _mm256_set1_ps(1.0f), FMA_256, FIRST_256)
PEAK(peak_int8_avx2, "avx2", __m256i, _mm256_set1_epi32(1), MADD_256, FIRST_256I)
PEAK(peak_f32_avx512, "avx512f", __m512, _mm512_set1_ps(1.0f), FMA_512, FIRST_512)
PEAK(peak_bf16_avx512, "avx512f,avx512bf16", __m512, _mm512_set1_ps(1.0f), DOT_BF16, FIRST_512)
PEAK(peak_int8_avx512, "avx512f,avx512vnni", __m512i, _mm512_set1_epi32(1), DOT_INT8, FIRST_512I)

typedef struct {
  float (*run)(uint64_t rounds);
  /// Multiplications and additions of one operation.
  uint64_t operations;
} peak;

static peak peak_of(pg_isa isa, pg_peak kind) {
  const pg_isa best = pg_kernels_for(isa)->isa;
  if (best == PG_ISA_AVX512_BF16) {
    if (kind == PG_PEAK_BF16) return (peak){peak_bf16_avx512, 64};
    if (kind == PG_PEAK_INT8) return (peak){peak_int8_avx512, 128};
  }
  if (best >= PG_ISA_AVX512 && kind != PG_PEAK_INT8) return (peak){peak_f32_avx512, 32};
  if (best >= PG_ISA_AVX2) {
    return kind == PG_PEAK_INT8 ? (peak){peak_int8_avx2, 32} : (peak){peak_f32_avx2, 16};
  }
  return (peak){NULL, 0};
}
#endif

uint64_t pg_run_peak(pg_isa isa, pg_peak kind, uint64_t rounds) {
#if defined(__x86_64__)
  const peak best = peak_of(isa, kind);
  if (best.run != NULL) {
    // A volatile place keeps the work from being removed.
    volatile float kept = best.run(rounds);
    (void)kept;
    return rounds * CHAINS * best.operations;
  }
#endif
  volatile float sum = 1;
  for (uint64_t round = 0; round < rounds; round++) sum = sum * 0.5f + 0.25f;
  return 2 * rounds;
}

uint64_t pg_read_memory(const void *memory, size_t bytes) {
  const uint64_t *words = memory;
  uint64_t sum[8] = {0};
  for (size_t i = 0; i + 8 <= bytes / 8; i += 8) {
    for (size_t j = 0; j < 8; j++) sum[j] += words[i + j];
  }
  return sum[0] + sum[1] + sum[2] + sum[3] + sum[4] + sum[5] + sum[6] + sum[7];
}
