#ifndef CFILEGUARD_H
#define CFILEGUARD_H

#include <stddef.h>

/// Files whose pages are mapped, so that a page that is gone can be told by the file's name. Thread-safe.

/// Remembers that `count` bytes from `base` on are pages of a file. `name` is how the message names it, printable and
/// in UTF-8; it is copied. Does nothing when too many files are remembered already.
void pg_guard_add(const void *base, size_t count, const char *name);

/// Forgets the file whose pages begin at `base`. To be called before they are unmapped.
void pg_guard_remove(const void *base);

/// From now on, touching a page of a remembered file that is no longer in the file, or that the disk cannot read,
/// writes one line with the file's name to standard error, once however many threads do, and ends the process with `status`. Without this, and
/// for all other memory, it is SIGBUS as ever.
void pg_guard_install(int status);

#endif
