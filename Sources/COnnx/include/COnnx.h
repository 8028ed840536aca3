// An ONNX model as flat tables, parsed by protobuf into the messages of libonnx.
//
// Every message is one row of the table of its kind; rows that belong together stand next to each
// other and are named by a range. Texts are bytes that nothing has checked. Large raw data of tensors
// are not copied: the tables say where in the given bytes they stand.

#ifndef CONNX_H
#define CONNX_H

#include "COnnxCheck.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const char *bytes;  // no terminator
  size_t count;
} connx_text;

// Consecutive rows of one table.
typedef struct {
  size_t start;
  size_t count;
} connx_range;

typedef enum { CONNX_DIM_UNKNOWN, CONNX_DIM_VALUE, CONNX_DIM_NAME } connx_dim_kind;

typedef struct {
  uint32_t kind;  // a connx_dim_kind
  int64_t value;
  connx_text name;
} connx_dim;

typedef enum { CONNX_TYPE_NONE, CONNX_TYPE_TENSOR, CONNX_TYPE_OTHER } connx_type_kind;

// A ValueInfoProto.
typedef struct {
  connx_text name;
  uint32_t kind;  // a connx_type_kind
  int32_t element;
  bool has_shape;
  connx_range dims;
} connx_value;

// A TensorProto. Data are in at most one of the places unless the file is wrong.
typedef struct {
  connx_text name;
  int32_t data_type;
  const int64_t *dims;
  size_t dim_count;
  bool has_raw;
  bool is_in_file;     // the raw data stand at `offset` of the given bytes
  size_t offset;
  connx_text raw;      // what they are; bytes is NULL when they are in the file
  bool is_external;
  bool has_segment;
  connx_range external;  // texts: key, value, key, value …
  const float *floats;
  size_t float_count;
  const int32_t *int32s;
  size_t int32_count;
  const int64_t *int64s;
  size_t int64_count;
  const double *doubles;
  size_t double_count;
  const uint64_t *uint64s;
  size_t uint64_count;
  size_t string_count;
} connx_tensor;

// An AttributeProto.
typedef struct {
  connx_text name;
  connx_text reference;  // of a function's attribute; empty for none
  int32_t type;          // an AttributeProto.AttributeType; 0 when the file does not say
  int64_t i;
  float f;
  connx_text s;
  const int64_t *ints;
  size_t int_count;
  const float *floats;
  size_t float_count;
  connx_range strings;  // texts
  connx_range tensors;  // `t` or `tensors`
  connx_range graphs;   // `g` or `graphs`
} connx_attribute;

typedef struct {
  connx_text name;
  connx_text op;
  connx_text domain;
  connx_text overload;
  connx_range inputs;   // texts
  connx_range outputs;  // texts
  connx_range attributes;
} connx_node;

typedef struct {
  connx_text name;
  connx_range nodes;
  connx_range inputs;   // values
  connx_range outputs;  // values
  connx_range initializers;  // tensors
  size_t sparse_initializer_count;
} connx_graph;

// An OperatorSetIdProto.
typedef struct {
  connx_text domain;
  int64_t version;
} connx_import;

typedef struct {
  connx_text name;
  connx_text domain;
  connx_text overload;
  connx_range inputs;      // texts
  connx_range outputs;     // texts
  connx_range attributes;  // texts: attributes without a default
  connx_range defaults;    // attributes with one
  connx_range nodes;
  connx_range imports;
} connx_function;

typedef struct {
  int64_t ir_version;  // 0 when the file does not say
  bool has_graph;
  size_t graph;
  connx_range imports;
  connx_range functions;
  size_t training_count;
} connx_model;

// The tables.
typedef struct {
  connx_model model;
  const connx_text *texts;
  const connx_dim *dims;
  const connx_value *values;
  const connx_tensor *tensors;
  const connx_attribute *attributes;
  const connx_node *nodes;
  const connx_graph *graphs;
  const connx_import *imports;
  const connx_function *functions;
} connx_tables;

typedef enum {
  CONNX_OK,
  CONNX_MALFORMED,
  CONNX_TOO_DEEP,
  CONNX_TOO_LARGE,
  CONNX_OUT_OF_MEMORY
} connx_status;

typedef struct {
  size_t maximum_depth;      // of graphs within attributes of graphs
  size_t maximum_fields;     // in all messages together
  size_t maximum_structure;  // bytes of all that is not large raw data
} connx_limits;

typedef struct connx_document connx_document;

// Parses `length` bytes. On CONNX_OK `*document` owns the tables until `connx_free`; on any other
// status it is NULL, and `*offset` is where in the bytes it went wrong, or `length` when that is not
// known. The bytes are not needed after the call.
connx_status connx_parse(const uint8_t *bytes, size_t length, connx_limits limits,
                         connx_document **document, size_t *offset);

connx_tables connx_tables_of(const connx_document *document);

void connx_free(connx_document *document);

#ifdef __cplusplus
}
#endif

#endif
