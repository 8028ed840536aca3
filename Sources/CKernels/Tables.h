/// The tables that the per-ISA files define and `Dispatch.c` chooses from.
#ifndef PALIGRAPH_TABLES_H
#define PALIGRAPH_TABLES_H

#include "CKernels.h"

/// A row of activations is rounded to int8 only where its largest is at least this; a smaller one
/// counts as 0, since its steps would have no normal number as scale.
#define PG_LEAST_STEPPED 0x1p-100f

/// The scales at the start of a panel in int8.
#define INT8_SCALE_BYTES (PG_PANEL_ROWS * sizeof(float))

/// Columns of a panel in int4 that share a scale in each row. Two groups stand together, first their
/// scales, so that a panel is one stream of whole cache lines.
#define INT4_GROUP_COLUMNS 32
#define INT4_PAIR_COLUMNS (2 * INT4_GROUP_COLUMNS)
#define INT4_SCALE_BYTES (2 * PG_PANEL_ROWS * sizeof(uint16_t))
#define INT4_PAIR_BYTES (INT4_SCALE_BYTES + INT4_PAIR_COLUMNS * PG_PANEL_ROWS / 2)

/// Where a panel in int4 has the byte with the weight of a row in column c: the low half where
/// c mod 8 < 4, otherwise the high one.
static inline size_t int4_byte_at(size_t row, size_t c) {
  return c / INT4_PAIR_COLUMNS * INT4_PAIR_BYTES + INT4_SCALE_BYTES +
         (c % INT4_PAIR_COLUMNS / 8 * PG_PANEL_ROWS + row) * 4 + c % 4;
}

/// Where it has the scale, in bf16, of that weight.
static inline size_t int4_scale_at(size_t row, size_t c) {
  return c / INT4_PAIR_COLUMNS * INT4_PAIR_BYTES +
         (c % INT4_PAIR_COLUMNS / INT4_GROUP_COLUMNS * PG_PANEL_ROWS + row) * sizeof(uint16_t);
}

extern const pg_kernels pg_kernels_scalar;
#if defined(__x86_64__)
extern const pg_kernels pg_kernels_avx2;
extern const pg_kernels pg_kernels_avx512;
extern const pg_kernels pg_kernels_avx512_bf16;
#endif

#endif
