// bf16 as bits, one number at a time.
#ifndef PALIGRAPH_BF16_H
#define PALIGRAPH_BF16_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/// Exact.
static inline float widen_bf16(uint16_t bits) {
  const uint32_t word = (uint32_t)bits << 16;
  float value;
  memcpy(&value, &word, sizeof value);
  return value;
}

/// Rounds to nearest, ties to even; a NaN becomes quiet.
static inline uint16_t narrow_to_bf16(float value) {
  uint32_t word;
  memcpy(&word, &value, sizeof word);
  if (isnan(value)) return (uint16_t)(word >> 16 | 0x0040);
  return (uint16_t)((word + 0x7fff + (word >> 16 & 1)) >> 16);
}

#endif
