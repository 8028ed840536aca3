#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "CFiles.h"

int cfiles_open_folder(int directory, const char *name) {
  return openat(directory, name, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

int cfiles_open_beneath(int directory, const char *path) {
  struct open_how how = {
      .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
      .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
  };
  return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}
