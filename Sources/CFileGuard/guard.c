#include "CFileGuard.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/// Models have few files: a checkpoint in shards, data beside an ONNX model, a plan.
enum { entry_count = 1024, name_limit = 1024 };

/// An entry counts while its base is not 0; it is written last and cleared first, since the handler may look at any
/// time.
typedef struct {
  _Atomic uintptr_t base;
  size_t count;
  char name[name_limit];
} guard_entry;

static guard_entry entries[entry_count];
static pthread_mutex_t entries_lock = PTHREAD_MUTEX_INITIALIZER;
static int exit_status;
static atomic_flag is_reported = ATOMIC_FLAG_INIT;

/// As much of a name as there is room for, without a character's first bytes at the end.
static void copy_name(char *to, const char *from) {
  size_t count = strnlen(from, name_limit);
  if (count == name_limit) {
    count = name_limit - 1;
    while (count && ((unsigned char)from[count] & 0xc0) == 0x80) count--;
  }
  memcpy(to, from, count);
  to[count] = 0;
}

void pg_guard_add(const void *base, size_t count, const char *name) {
  pthread_mutex_lock(&entries_lock);
  for (size_t i = 0; i < entry_count; i++) {
    guard_entry *entry = &entries[i];
    if (atomic_load(&entry->base)) continue;
    entry->count = count;
    copy_name(entry->name, name);
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

/// Writes the message about a file with one call, so that nothing of another thread or process comes between.
static void report(const char *name) {
  static const char before[] = "paligraph: ";
  static const char after[] =
      ": a part of it is gone or cannot be read: it became shorter while it was used, or the disk failed; "
      "restore it and try again\n";
  char line[sizeof before + name_limit + sizeof after];
  const size_t name_length = strlen(name);
  size_t rest = 0;
  memcpy(line, before, sizeof before - 1);
  rest += sizeof before - 1;
  memcpy(line + rest, name, name_length);
  rest += name_length;
  memcpy(line + rest, after, sizeof after - 1);
  rest += sizeof after - 1;
  for (const char *next = line; rest;) {
    const ssize_t done = write(STDERR_FILENO, next, rest);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return;
    next += done;
    rest -= (size_t)done;
  }
}

/// Only what POSIX allows in a handler. Threads that touch a lost page after the first one wait for its end of the
/// process.
static void on_bus_error(int number, siginfo_t *info, void *context) {
  (void)context;
  const uintptr_t address = (uintptr_t)info->si_addr;
  for (size_t i = 0; i < entry_count; i++) {
    const uintptr_t base = atomic_load(&entries[i].base);
    if (!base || address < base || address - base >= entries[i].count) continue;
    if (atomic_flag_test_and_set(&is_reported)) {
      for (;;) pause();
    }
    report(entries[i].name);
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
