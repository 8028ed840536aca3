/// The tables that the per-ISA files define and `Dispatch.c` chooses from.
#ifndef PALIGRAPH_TABLES_H
#define PALIGRAPH_TABLES_H

#include "CKernels.h"

/// A row of activations is rounded to int8 only where its largest is at least this; a smaller one
/// counts as 0, since its steps would have no normal number as scale.
#define PG_LEAST_STEPPED 0x1p-100f

/// Columns of a panel in int4 that share a scale in each row.
#define INT4_GROUP_COLUMNS 32
/// The scales at the start of a panel of k columns; those of int4 are padded to whole 64 bytes.
#define INT8_SCALE_BYTES (PG_PANEL_ROWS * sizeof(float))
#define INT4_SCALE_BYTES(k) (((k) + 63) / 64 * 2 * PG_PANEL_ROWS * sizeof(uint16_t))

extern const pg_kernels pg_kernels_scalar;
#if defined(__x86_64__)
extern const pg_kernels pg_kernels_avx2;
extern const pg_kernels pg_kernels_avx512;
extern const pg_kernels pg_kernels_avx512_bf16;
#endif

#endif
