#include <stdlib.h>
#include <string.h>

#include "Tables.h"

bool pg_isa_is_supported(pg_isa isa) {
#if defined(__x86_64__)
  switch (isa) {
    case PG_ISA_SCALAR:
      return true;
    case PG_ISA_AVX2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
             __builtin_cpu_supports("f16c");
    case PG_ISA_AVX512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
             pg_isa_is_supported(PG_ISA_AVX2);
    case PG_ISA_AVX512_BF16:
      return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vnni") &&
             pg_isa_is_supported(PG_ISA_AVX512);
  }
#endif
  return isa == PG_ISA_SCALAR;
}

/// The names of the instruction sets, in their order.
static const char *const isa_names[] = {"scalar", "avx2", "avx512", "avx512bf16"};
enum { isa_count = sizeof isa_names / sizeof isa_names[0] };

/// The place of a name; `isa_count` when there is none.
static int isa_index(const char *name) {
  int index = 0;
  while (index < isa_count && strcmp(name, isa_names[index]) != 0) index++;
  return index;
}

bool pg_isa_is_known(const char *name) { return isa_index(name) < isa_count; }

/// The instruction set that `PALIGRAPH_ISA` allows at most.
static pg_isa permitted_isa(void) {
  const char *name = getenv("PALIGRAPH_ISA");
  const int index = name == NULL ? isa_count : isa_index(name);
  return index < isa_count ? (pg_isa)index : PG_ISA_AVX512_BF16;
}

pg_isa pg_best_isa(void) { return pg_kernels_for(permitted_isa())->isa; }

const pg_kernels *pg_kernels_for(pg_isa isa) {
#if defined(__x86_64__)
  if (isa >= PG_ISA_AVX512_BF16 && pg_isa_is_supported(PG_ISA_AVX512_BF16)) {
    return &pg_kernels_avx512_bf16;
  }
  if (isa >= PG_ISA_AVX512 && pg_isa_is_supported(PG_ISA_AVX512)) return &pg_kernels_avx512;
  if (isa >= PG_ISA_AVX2 && pg_isa_is_supported(PG_ISA_AVX2)) return &pg_kernels_avx2;
#endif
  return &pg_kernels_scalar;
}
