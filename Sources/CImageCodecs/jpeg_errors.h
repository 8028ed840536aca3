#ifndef CIMAGE_JPEG_ERRORS_H
#define CIMAGE_JPEG_ERRORS_H

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include "message.h"

// libjpeg's error manager with a way back to the caller and a place for the text.
typedef struct {
  struct jpeg_error_mgr base;
  jmp_buf escape;
  char *message;
} ErrorManager;

// Goes back to the caller's setjmp with a reason of our own.
static inline _Noreturn void cimage_jpeg_fail(j_common_ptr info, const char *reason) {
  ErrorManager *manager = (ErrorManager *)info->err;
  cimage_fail(manager->message, "%s", reason);
  longjmp(manager->escape, 1);
}

static inline _Noreturn void cimage_jpeg_error(j_common_ptr info) {
  char text[JMSG_LENGTH_MAX];
  info->err->format_message(info, text);
  cimage_jpeg_fail(info, text);
}

// Warnings are about damaged entropy-coded data that libjpeg resynchronises after; like Pillow, the
// picture is accepted as it comes out.
static inline void cimage_jpeg_ignore(j_common_ptr info, int level) {
  (void)info;
  (void)level;
}

// Sets up the manager. The caller then calls setjmp on its `escape`.
static inline struct jpeg_error_mgr *cimage_jpeg_errors(ErrorManager *manager, char *message) {
  memset(manager, 0, sizeof *manager);
  manager->message = message;
  jpeg_std_error(&manager->base);
  manager->base.error_exit = cimage_jpeg_error;
  manager->base.emit_message = cimage_jpeg_ignore;
  return &manager->base;
}

#endif
