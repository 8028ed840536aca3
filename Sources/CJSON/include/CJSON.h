// A strict JSON text as one flat list of values, read by simdjson.
//
// Every value of the text is one `cjson_value`, in the order of the text. A container is followed
// by its content: an array by `count` values (each with its own content), an object by `count`
// pairs of a key, which is a `CJSON_STRING`, and a value.

#ifndef CJSON_H
#define CJSON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  CJSON_NULL,
  CJSON_FALSE,
  CJSON_TRUE,
  CJSON_INTEGER,        // payload.integer
  CJSON_UNSIGNED,       // payload.natural, always greater than INT64_MAX
  CJSON_NUMBER,         // payload.number, always finite
  CJSON_STRING,         // payload.bytes, `count` of them, valid UTF-8, no terminator
  CJSON_DUPLICATE_KEY,  // a CJSON_STRING key that an earlier member of its object has
  CJSON_ARRAY,
  CJSON_OBJECT
} cjson_kind;

typedef struct {
  uint32_t kind;  // a cjson_kind
  uint32_t count;
  union {
    int64_t integer;
    uint64_t natural;
    double number;
    const char *bytes;
  } payload;
} cjson_value;

typedef enum {
  CJSON_OK,
  CJSON_MALFORMED,
  CJSON_TOO_DEEP,
  CJSON_TOO_MANY_VALUES,
  CJSON_OUT_OF_MEMORY
} cjson_status;

typedef struct cjson_document cjson_document;

// Parses `length` bytes. Containers that are not empty may nest `maximum_depth` deep, and there may be
// `maximum_values` values, keys included. On CJSON_OK `*document` owns the values until `cjson_free`;
// on any other status it is NULL.
cjson_status cjson_parse(const char *text, size_t length, size_t maximum_depth,
                         size_t maximum_values, cjson_document **document);

const cjson_value *cjson_values(const cjson_document *document);
size_t cjson_value_count(const cjson_document *document);

void cjson_free(cjson_document *document);

#ifdef __cplusplus
}
#endif

#endif
