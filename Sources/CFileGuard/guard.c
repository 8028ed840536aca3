#include "CFileGuard.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/// Models have few files: a checkpoint in shards, data beside an ONNX model, a plan.
enum { entry_count = 1024, path_limit = 1024 };

/// An entry counts while its base is not 0; it is written last and cleared first, since the handler may look at any
/// time.
typedef struct {
  _Atomic uintptr_t base;
  size_t count;
  char path[path_limit];
} guard_entry;

static guard_entry entries[entry_count];
static pthread_mutex_t entries_lock = PTHREAD_MUTEX_INITIALIZER;
static int exit_status;

/// Bytes that would do something to a terminal become question marks.
static void copy_printable(char *to, const char *from) {
  size_t i = 0;
  for (; from[i] && i + 1 < path_limit; i++) {
    const unsigned char byte = (unsigned char)from[i];
    to[i] = byte < 0x20 || byte == 0x7f ? '?' : from[i];
  }
  to[i] = 0;
}

void pg_guard_add(const void *base, size_t count, const char *path) {
  pthread_mutex_lock(&entries_lock);
  for (size_t i = 0; i < entry_count; i++) {
    guard_entry *entry = &entries[i];
    if (atomic_load(&entry->base)) continue;
    entry->count = count;
    copy_printable(entry->path, path);
    atomic_store(&entry->base, (uintptr_t)base);
    break;
  }
  pthread_mutex_unlock(&entries_lock);
}

void pg_guard_remove(const void *base) {
  pthread_mutex_lock(&entries_lock);
  for (size_t i = 0; i < entry_count; i++) {
    if (atomic_load(&entries[i].base) != (uintptr_t)base) continue;
    atomic_store(&entries[i].base, 0);
    break;
  }
  pthread_mutex_unlock(&entries_lock);
}

static void put(const char *text) {
  size_t rest = strlen(text);
  while (rest) {
    const ssize_t done = write(STDERR_FILENO, text, rest);
    if (done <= 0) return;
    text += done;
    rest -= (size_t)done;
  }
}

/// Only what POSIX allows in a handler.
static void on_bus_error(int number, siginfo_t *info, void *context) {
  (void)context;
  const uintptr_t address = (uintptr_t)info->si_addr;
  for (size_t i = 0; i < entry_count; i++) {
    const uintptr_t base = atomic_load(&entries[i].base);
    if (!base || address < base || address - base >= entries[i].count) continue;
    put("paligraph: ");
    put(entries[i].path);
    put(": a part of it is gone or cannot be read: it became shorter while it was used, or the disk failed; "
        "restore it and try again\n");
    _exit(exit_status);
  }
  signal(number, SIG_DFL);
  raise(number);
}

void pg_guard_install(int status) {
  exit_status = status;
  struct sigaction action;
  memset(&action, 0, sizeof action);
  sigemptyset(&action.sa_mask);
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGBUS, &action, NULL);
}
