#ifndef CIMAGE_LIBRARY_H
#define CIMAGE_LIBRARY_H

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>

// A shared library that is loaded when it is first needed. A source file lists the functions it calls,
//
//     #define FUNCTIONS(USE) USE(TIFFClose) USE(TIFFGetField)
//     CIMAGE_LIBRARY("libtiff.so.6", FUNCTIONS)
//
// and calls them as `library.TIFFClose_(tiff)` once `library_is_loaded()` has returned true. The soname is
// that of the headers.
#define CIMAGE_LIBRARY(soname, FUNCTIONS)                      \
  static struct { FUNCTIONS(CIMAGE_DECLARE) bool is_loaded; } library; \
  static void load_library(void) {                             \
    void *handle = dlopen(soname, RTLD_NOW | RTLD_LOCAL);      \
    if (!handle) return;                                       \
    FUNCTIONS(CIMAGE_LOOK_UP)                                  \
    library.is_loaded = true;                                  \
  }                                                            \
  static bool library_is_loaded(void) {                        \
    static pthread_once_t once = PTHREAD_ONCE_INIT;            \
    pthread_once(&once, load_library);                         \
    return library.is_loaded;                                  \
  }

#define CIMAGE_DECLARE(name) __typeof__(&name) name##_;
#define CIMAGE_LOOK_UP(name)                         \
  *(void **)&library.name##_ = dlsym(handle, #name); \
  if (!library.name##_) return;

#endif
