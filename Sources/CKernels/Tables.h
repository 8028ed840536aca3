/// The tables that the per-ISA files define and `Dispatch.c` chooses from.
#ifndef PALIGRAPH_TABLES_H
#define PALIGRAPH_TABLES_H

#include "CKernels.h"

/// A row of activations is rounded to int8 only where its largest is at least this; a smaller one
/// counts as 0, since its steps would have no normal number as scale.
#define PG_LEAST_STEPPED 0x1p-100f

extern const pg_kernels pg_kernels_scalar;
#if defined(__x86_64__)
extern const pg_kernels pg_kernels_avx2;
extern const pg_kernels pg_kernels_avx512;
extern const pg_kernels pg_kernels_avx512_bf16;
#endif

#endif
