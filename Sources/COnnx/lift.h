// The walk over an ONNX file's wire format that comes before protobuf.

#ifndef CONNX_LIFT_H
#define CONNX_LIFT_H

#include "COnnx.h"

#include <string>

namespace connx {

// Fields that `lift` puts into a TensorProto in place of its raw data. ONNX has none of these
// numbers, and those that a file has itself are dropped.
constexpr uint32_t offset_field = 100001;
constexpr uint32_t length_field = 100002;

struct Lifted {
  connx_status status;
  size_t offset;         // of the fault
  std::string message;   // the same ModelProto without large raw data
};

Lifted lift(const uint8_t *bytes, size_t length, const connx_limits &limits);

}  // namespace connx

#endif
