#include "include/CImageCodecs.h"

enum {
  FRACTION_BITS = 22,
  CHANNELS = 3,
  // Pixels per step of the horizontal loop: 24 products, whole vectors at 128 and at 256 bits.
  STEP = 8,
  // Bytes per step of the vertical loop: its sums stay in the first-level cache.
  BLOCK = 1024
};

static const int32_t HALF = 1 << (FRACTION_BITS - 1);

static inline uint8_t clamp_to_byte(int32_t sum) {
  int32_t value = sum >> FRACTION_BITS;
  return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

// Lane i of `sums` belongs to channel i mod 3. Integer addition does not depend on order, so any
// number of lanes gives the same bits.
static inline __attribute__((always_inline)) void resample_row(
    const uint8_t *restrict input, uint8_t *restrict output, size_t output_width,
    const int32_t *restrict starts, const int32_t *restrict counts,
    const int32_t *restrict weights) {
  for (size_t x = 0; x < output_width; x++) {
    const uint8_t *from = input + (size_t)starts[x] * CHANNELS;
    size_t products = (size_t)counts[x] * CHANNELS;
    int32_t sums[STEP * CHANNELS] = {HALF, HALF, HALF};
    size_t done = 0;
    for (; done + STEP * CHANNELS <= products; done += STEP * CHANNELS) {
      for (size_t i = 0; i < STEP * CHANNELS; i++) sums[i] += from[done + i] * weights[done + i];
    }
    for (; done < products; done += CHANNELS) {
      for (size_t i = 0; i < CHANNELS; i++) sums[i] += from[done + i] * weights[done + i];
    }
    for (size_t lanes = STEP * CHANNELS / 2; lanes >= CHANNELS; lanes /= 2) {
      for (size_t i = 0; i < lanes; i++) sums[i] += sums[i + lanes];
    }
    for (size_t i = 0; i < CHANNELS; i++) output[x * CHANNELS + i] = clamp_to_byte(sums[i]);
    weights += products;
  }
}

static inline __attribute__((always_inline)) void resample_column(
    const uint8_t *restrict input, uint8_t *restrict output, size_t row_bytes,
    const int32_t *restrict weights, size_t count) {
  int32_t sums[BLOCK];
  for (size_t first = 0; first < row_bytes; first += BLOCK) {
    size_t length = row_bytes - first < BLOCK ? row_bytes - first : BLOCK;
    for (size_t i = 0; i < length; i++) sums[i] = HALF;
    for (size_t row = 0; row < count; row++) {
      const uint8_t *from = input + row * row_bytes + first;
      int32_t weight = weights[row];
      for (size_t i = 0; i < length; i++) sums[i] += from[i] * weight;
    }
    for (size_t i = 0; i < length; i++) output[first + i] = clamp_to_byte(sums[i]);
  }
}

#if defined(__x86_64__)
#define HAS_AVX2_VARIANT 1

__attribute__((target("avx2"))) static void resample_row_avx2(
    const uint8_t *input, uint8_t *output, size_t output_width, const int32_t *starts,
    const int32_t *counts, const int32_t *weights) {
  resample_row(input, output, output_width, starts, counts, weights);
}

__attribute__((target("avx2"))) static void resample_column_avx2(
    const uint8_t *input, uint8_t *output, size_t row_bytes, const int32_t *weights,
    size_t count) {
  resample_column(input, output, row_bytes, weights, count);
}
#endif

void cimage_resample_row(
    const uint8_t *input, uint8_t *output, size_t output_width, const int32_t *starts,
    const int32_t *counts, const int32_t *weights) {
#ifdef HAS_AVX2_VARIANT
  if (__builtin_cpu_supports("avx2")) {
    resample_row_avx2(input, output, output_width, starts, counts, weights);
    return;
  }
#endif
  resample_row(input, output, output_width, starts, counts, weights);
}

void cimage_resample_column(
    const uint8_t *input, uint8_t *output, size_t row_bytes, const int32_t *weights,
    size_t count) {
#ifdef HAS_AVX2_VARIANT
  if (__builtin_cpu_supports("avx2")) {
    resample_column_avx2(input, output, row_bytes, weights, count);
    return;
  }
#endif
  resample_column(input, output, row_bytes, weights, count);
}
