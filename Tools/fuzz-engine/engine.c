#include "CFuzzEngine.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Part of libFuzzer's archive; null where that is not linked.
extern int LLVMFuzzerRunDriver(int *argc, char ***argv, fuzz_callback callback)
    __attribute__((weak));

int fuzz_run(int argc, char **argv, fuzz_callback callback) {
  if (!LLVMFuzzerRunDriver) return -1;
  return LLVMFuzzerRunDriver(&argc, &argv, callback);
}

static _Thread_local char note[1024];
static _Thread_local size_t note_count;

static void write_all(const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t written = write(STDERR_FILENO, bytes, count);
    if (written <= 0) return;
    bytes += written;
    count -= (size_t)written;
  }
}

static void tell(int signal_number) {
  static const char prefix[] = "\nFatal error while reading ";
  if (note_count > 0) {
    write_all(prefix, sizeof prefix - 1);
    write_all(note, note_count);
    write_all("\n", 1);
  }
  // The handler is gone (SA_RESETHAND): the same signal now ends the process.
  raise(signal_number);
}

__attribute__((noinline)) static void catch_signals(void) {
  static const int signals[] = {SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS, SIGFPE};
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = tell;
  action.sa_flags = SA_RESETHAND | SA_NODEFER;
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
    sigaction(signals[i], &action, NULL);
  }
}

void fuzz_note(const char *text, size_t count) {
  static volatile sig_atomic_t is_caught;
  if (!is_caught) {
    is_caught = 1;
    catch_signals();
  }
  note_count = count < sizeof note - 1 ? count : sizeof note - 1;
  memcpy(note, text, note_count);
}

void fuzz_write_out_of_bounds(void) {
  volatile char *block = malloc(8);
  if (!block) return;
  block[8] = 1;
  free((void *)block);
}
