#ifndef CFUZZENGINE_H
#define CFUZZENGINE_H

#include <stddef.h>
#include <stdint.h>

typedef int (*fuzz_callback)(const uint8_t *bytes, size_t count);

/// Hands the process to libFuzzer, which calls `callback` with one input after the other and ends the process.
/// Returns -1 at once where the program was linked without it.
int fuzz_run(int argc, char **argv, fuzz_callback callback);

/// Notes what is being read: at most 1023 bytes of it. From the first note on, a signal that ends this process
/// first writes the last note of the thread that got it to standard error.
void fuzz_note(const char *text, size_t count);

/// Writes one byte behind a block of memory: the bug that a harness is shown to find.
void fuzz_write_out_of_bounds(void);

#endif
