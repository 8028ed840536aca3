// libonnx's opinion of a serialized model.

#ifndef CONNX_CHECK_H
#define CONNX_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// The newest version of the standard operators that the checker knows.
#define CONNX_CHECKED_OPSET 17

// Runs the checker and strict shape inference over a ModelProto. Raw data may be shortened where only
// their number would matter. False with a terminated message of at most `capacity` bytes in `problem`
// for a model that is not sound.
bool connx_check(const uint8_t *bytes, size_t length, char *problem, size_t capacity);

#ifdef __cplusplus
}
#endif

#endif
