/// The tables that the per-ISA files define and `Dispatch.c` chooses from.
#ifndef PALIGRAPH_TABLES_H
#define PALIGRAPH_TABLES_H

#include "CKernels.h"

extern const pg_kernels pg_kernels_scalar;
#if defined(__x86_64__)
extern const pg_kernels pg_kernels_avx2;
extern const pg_kernels pg_kernels_avx512;
extern const pg_kernels pg_kernels_avx512_bf16;
#endif

#endif
