#include "COnnxCheck.h"

#include <onnx/checker.h>
#include <onnx/shape_inference/implementation.h>

#include <algorithm>
#include <cstring>

namespace {

void report(const char *text, char *problem, size_t capacity) {
  if (capacity == 0) return;
  const size_t count = std::min(std::strlen(text), capacity - 1);
  std::memcpy(problem, text, count);
  problem[count] = 0;
}

void check(const uint8_t *bytes, size_t length) {
  onnx::ModelProto model;
  // Protobuf counts bytes as int.
  if (length > INT32_MAX || !model.ParseFromArray(bytes, static_cast<int>(length))) {
    throw std::runtime_error("protobuf cannot read it");
  }
  onnx::checker::check_model(model);
  onnx::shape_inference::InferShapes(
      model, onnx::OpSchemaRegistry::Instance(), onnx::ShapeInferenceOptions(true, 1, false));
}

}  // namespace

// No exception may reach Swift.
bool connx_check(const uint8_t *bytes, size_t length, char *problem, size_t capacity) {
  try {
    check(bytes, length);
    return true;
  } catch (const std::exception &error) {
    report(error.what(), problem, capacity);
  } catch (...) {
    report("an unknown fault", problem, capacity);
  }
  return false;
}
