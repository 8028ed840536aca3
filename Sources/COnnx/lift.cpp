#include "lift.h"

// Protobuf would copy the raw data of all tensors. This walk writes the model anew without them, each
// replaced by its place in the file, and checks what protobuf leaves unbounded: how many fields there
// are and how deep graphs nest. Meaning is left to protobuf: a message of another kind is copied whole.

namespace connx {
namespace {

enum class Kind { model, graph, node, attribute, tensor, function };

// The wire types of the format; the two of groups are refused, as ONNX has none.
enum Wire : uint32_t { varint = 0, fixed64 = 1, delimited = 2, fixed32 = 5 };

// Shorter raw data stay in the message.
constexpr size_t lifted_bytes = 1024;

struct Fault {
  connx_status status;
  size_t offset;
};

// The kind of the message in a field, when the walk has to go into it.
bool child(Kind kind, uint32_t field, Kind &result) {
  const auto is = [&](Kind parent, uint32_t number, Kind found) {
    if (kind != parent || field != number) return false;
    result = found;
    return true;
  };
  return is(Kind::model, 7, Kind::graph) || is(Kind::model, 25, Kind::function) ||
         is(Kind::graph, 1, Kind::node) || is(Kind::graph, 5, Kind::tensor) ||
         is(Kind::node, 5, Kind::attribute) || is(Kind::attribute, 5, Kind::tensor) ||
         is(Kind::attribute, 10, Kind::tensor) || is(Kind::attribute, 6, Kind::graph) ||
         is(Kind::attribute, 11, Kind::graph) || is(Kind::function, 7, Kind::node) ||
         is(Kind::function, 11, Kind::attribute);
}

void append_varint(std::string &out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

void append_field(std::string &out, uint32_t field, uint64_t value) {
  append_varint(out, uint64_t{field} << 3 | varint);
  append_varint(out, value);
}

class Walk {
 public:
  Walk(const uint8_t *bytes, const connx_limits &limits) : bytes_(bytes), limits_(limits) {}

  // Appends the message in `at ..< end` to `out`. Recursion is bounded by the depth of graphs.
  void message(Kind kind, size_t at, size_t end, size_t depth, std::string &out) {
    if (kind == Kind::graph && ++depth > limits_.maximum_depth) throw Fault{CONNX_TOO_DEEP, at};
    while (at < end) {
      const size_t start = at;
      const uint64_t tag = take_varint(at, end);
      if (++fields_ > limits_.maximum_fields) throw Fault{CONNX_TOO_LARGE, start};
      if (tag >> 32 || tag >> 3 == 0) throw Fault{CONNX_MALFORMED, start};
      const auto field = static_cast<uint32_t>(tag >> 3);
      const size_t content = skip_to_content(static_cast<uint32_t>(tag & 7), start, at, end);
      if (kind == Kind::tensor && (field == offset_field || field == length_field)) continue;
      Kind inner;
      if ((tag & 7) == delimited && child(kind, field, inner)) {
        std::string body;
        message(inner, content, at, depth, body);
        append_varint(out, tag);
        append_varint(out, body.size());
        out += body;
      } else if (kind == Kind::tensor && field == 9 && (tag & 7) == delimited &&
                 at - content >= lifted_bytes) {
        append_field(out, offset_field, content);
        append_field(out, length_field, at - content);
      } else {
        out.append(reinterpret_cast<const char *>(bytes_ + start), at - start);
      }
      if (out.size() > limits_.maximum_structure) throw Fault{CONNX_TOO_LARGE, start};
    }
  }

 private:
  uint64_t take_varint(size_t &at, size_t end) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
      if (at >= end) throw Fault{CONNX_MALFORMED, at};
      const uint8_t byte = bytes_[at++];
      if (shift == 63 && byte > 1) throw Fault{CONNX_MALFORMED, at - 1};
      value |= uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return value;
    }
    throw Fault{CONNX_MALFORMED, at};
  }

  // Moves `at` behind a field and returns where its content begins.
  size_t skip_to_content(uint32_t wire, size_t start, size_t &at, size_t end) {
    size_t content = at;
    uint64_t length = 0;
    switch (wire) {
      case varint:
        take_varint(at, end);
        return content;
      case fixed64: length = 8; break;
      case fixed32: length = 4; break;
      case delimited:
        length = take_varint(at, end);
        content = at;
        break;
      default: throw Fault{CONNX_MALFORMED, start};
    }
    if (length > end - at) throw Fault{CONNX_MALFORMED, start};
    at += static_cast<size_t>(length);
    return content;
  }

  const uint8_t *bytes_;
  const connx_limits &limits_;
  size_t fields_ = 0;
};

}  // namespace

Lifted lift(const uint8_t *bytes, size_t length, const connx_limits &limits) {
  Lifted lifted{CONNX_OK, length, std::string()};
  try {
    Walk(bytes, limits).message(Kind::model, 0, length, 0, lifted.message);
  } catch (const Fault &fault) {
    lifted.status = fault.status;
    lifted.offset = fault.offset;
  }
  return lifted;
}

}  // namespace connx
