#include <sched.h>

#include "CKernels.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

bool pg_has_steady_ticks(void) {
#if defined(__x86_64__)
  unsigned a, b, c, d;
  return __get_cpuid(0x80000007, &a, &b, &c, &d) && d & 1u << 8;
#else
  return false;
#endif
}

size_t pg_processor_count(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return (size_t)CPU_COUNT(&set);
}
