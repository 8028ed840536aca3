#pragma once

/// Heap allocations of this process so far, on all threads. Linking this target puts a counter in
/// front of the C library's allocator, which Swift's runtime calls too.
unsigned long allocation_count(void);
