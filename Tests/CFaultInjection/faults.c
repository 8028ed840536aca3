#define _GNU_SOURCE
#include "CFaultInjection.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum action { NONE, FAIL, DIE, ASK, SHORT, AGAIN, CUT };

static struct {
  char function[16];
  long number;
  enum action action;
  int code;
} fault;

static atomic_long calls;
static atomic_bool is_ready;

__attribute__((constructor)) static void read_environment(void) {
  const char *text = getenv("PALIGRAPH_FAULT");
  char action[16];
  if (!text || sscanf(text, "%15[^:]:%ld:%15s", fault.function, &fault.number, action) != 3) return;
  if (!strcmp(action, "KILL")) fault.action = DIE;
  else if (!strcmp(action, "TERM")) fault.action = ASK;
  else if (!strcmp(action, "SHORT")) fault.action = SHORT;
  else if (!strcmp(action, "AGAIN")) fault.action = AGAIN;
  else if (!strcmp(action, "CUT")) fault.action = CUT;
  else fault.action = FAIL, fault.code = atoi(action);
  // The program itself must not hand the fault on.
  unsetenv("LD_PRELOAD");
  atomic_store(&is_ready, 1);
}

/// What is to happen to this call. By system calls only, so that nothing here is counted.
static enum action next(const char *function) {
  if (!atomic_load(&is_ready) || strcmp(function, fault.function)) return NONE;
  const long call = atomic_fetch_add(&calls, 1) + 1;
  if (fault.number && call != fault.number) return NONE;
  if (fault.action == AGAIN && call % 2 == 0) return NONE;
  const char *mark = getenv("PALIGRAPH_FAULT_MARK");
  if (mark) {
    const long file = syscall(SYS_openat, AT_FDCWD, mark, O_CREAT | O_WRONLY, 0600);
    if (file >= 0) syscall(SYS_close, file);
  }
  if (fault.action == DIE) syscall(SYS_kill, getpid(), SIGKILL);
  if (fault.action == ASK) syscall(SYS_kill, getpid(), SIGTERM);
  if (fault.action == FAIL) errno = fault.code;
  if (fault.action == AGAIN) errno = EINTR;
  return fault.action;
}

/// What the program does on its way out may take a while; somebody asks it to end then.
__attribute__((destructor)) static void exit_handler(void) { next("exit"); }

static int fails(enum action action) { return action == FAIL || action == AGAIN; }

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int open_call(const char *path, int flags, mode_t mode) {
  if (fails(next("open"))) return -1;
  return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

static mode_t mode_of(int flags, va_list list) {
  return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(list, mode_t) : 0;
}

int open(const char *path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = mode_of(flags, list);
  va_end(list);
  return open_call(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = mode_of(flags, list);
  va_end(list);
  return open_call(path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = mode_of(flags, list);
  va_end(list);
  if (fails(next("open"))) return -1;
  return (int)syscall(SYS_openat, folder, path, flags, mode);
}

ssize_t pread(int file, void *to, size_t count, off_t offset) {
  const enum action action = next("pread");
  if (fails(action)) return -1;
  return syscall(SYS_pread64, file, to, action == SHORT && count > 1 ? 1 : count, offset);
}

ssize_t pread64(int file, void *to, size_t count, off64_t offset) {
  return pread(file, to, count, offset);
}

ssize_t pwrite(int file, const void *from, size_t count, off_t offset) {
  const enum action action = next("pwrite");
  if (fails(action)) return -1;
  // Half of it, so that runs with large files end.
  return syscall(SYS_pwrite64, file, from, action == SHORT && count > 1 ? count / 2 : count, offset);
}

ssize_t pwrite64(int file, const void *from, size_t count, off64_t offset) {
  return pwrite(file, from, count, offset);
}

ssize_t write(int file, const void *from, size_t count) {
  const enum action action = next("write");
  if (fails(action)) return -1;
  return syscall(SYS_write, file, from, action == SHORT && count > 1 ? 1 : count);
}

int fsync(int file) {
  if (fails(next("fsync"))) return -1;
  return (int)syscall(SYS_fsync, file);
}

int linkat(int from, const char *old, int to, const char *new, int flags) {
  if (fails(next("linkat"))) return -1;
  return (int)syscall(SYS_linkat, from, old, to, new, flags);
}

int rename(const char *old, const char *new) {
  if (fails(next("rename"))) return -1;
  return (int)syscall(SYS_rename, old, new);
}

/// Mappings of files only; memory comes by mmap too.
void *mmap(void *at, size_t count, int protection, int flags, int file, off_t offset) {
  const enum action action = file >= 0 ? next("mmap") : NONE;
  if (fails(action)) return MAP_FAILED;
  void *base = (void *)syscall(SYS_mmap, at, count, protection, flags, file, offset);
  if (action == CUT) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    const long again = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY, 0);
    if (again >= 0) {
      syscall(SYS_ftruncate, again, 4096);
      syscall(SYS_close, again);
    }
  }
  return base;
}

void *mmap64(void *at, size_t count, int protection, int flags, int file, off64_t offset) {
  return mmap(at, count, protection, flags, file, offset);
}

void *malloc(size_t count) {
  static void *(*real)(size_t);
  if (!real) real = REAL(malloc);
  return fails(next("malloc")) ? NULL : real(count);
}

void *dlopen(const char *name, int flags) {
  if (fails(next("dlopen"))) return NULL;
  return REAL(dlopen)(name, flags);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*entry)(void *),
                   void *argument) {
  if (fails(next("pthread_create"))) return errno;
  return REAL(pthread_create)(thread, attributes, entry, argument);
}
