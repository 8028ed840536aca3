#ifndef CIMAGE_MESSAGE_H
#define CIMAGE_MESSAGE_H

#include <stdarg.h>
#include <stdio.h>

#include "include/CImageCodecs.h"

// Writes a reason into a caller's message buffer and returns false, for `return cimage_fail(...)`.
__attribute__((format(printf, 2, 3))) static inline bool cimage_fail(
    char *message, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, CIMAGE_MESSAGE_CAPACITY, format, arguments);
  va_end(arguments);
  return false;
}

#endif
