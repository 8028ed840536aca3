// Opening a file without leaving a folder.

#ifndef CFILES_H
#define CFILES_H

// openat2(2), which glibc does not wrap: opens `path`, relative to the open folder `directory`, for
// reading and without waiting. Nothing on the way may be a symbolic link or lead out of the folder.
// Returns a descriptor, or -1 with `errno` set: ENOSYS or EPERM where the kernel or its filter has no
// such call.
int cfiles_open_beneath(int directory, const char *path);

// Opens a folder in the open folder `directory` for nothing but finding files in it, following no
// link. Returns a descriptor, or -1 with `errno` set.
int cfiles_open_folder(int directory, const char *name);

#endif
