#include "COnnx.h"
#include "lift.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/unknown_field_set.h>
#include <onnx/onnx_pb.h>

#include <deque>
#include <vector>

struct connx_document {
  onnx::ModelProto model;  // owns what the tables point to
  // Attributes that libonnx does not know where they stand: it keeps their bytes only.
  std::deque<onnx::AttributeProto> late_attributes;
  std::deque<std::string> late_texts;

  connx_model root{};
  std::vector<connx_text> texts;
  std::vector<connx_dim> dims;
  std::vector<connx_value> values;
  std::vector<connx_tensor> tensors;
  std::vector<connx_attribute> attributes;
  std::vector<connx_node> nodes;
  std::vector<connx_graph> graphs;
  std::vector<connx_import> imports;
  std::vector<connx_function> functions;
};

namespace {

using google::protobuf::UnknownField;

// Fields of later versions of the format than libonnx's.
constexpr int node_overload = 8;
constexpr int function_defaults = 11;
constexpr int function_overload = 13;

connx_text text(const std::string &value) { return {value.data(), value.size()}; }

// Appends `count` empty rows to a table. They are filled one by one, since filling one may append to
// the same table.
template <typename Row>
connx_range reserve(std::vector<Row> &table, int count) {
  const connx_range range{table.size(), static_cast<size_t>(count)};
  table.resize(range.start + range.count);
  return range;
}

// Fills the tables. Recursion is bounded by the depth that was checked before.
class Flattener {
 public:
  explicit Flattener(connx_document &document) : out_(document) {}

  void model() {
    const onnx::ModelProto &model = out_.model;
    connx_model row{};
    row.ir_version = model.ir_version();
    row.has_graph = model.has_graph();
    row.training_count = static_cast<size_t>(model.training_info_size());
    row.imports = imports(model.opset_import());
    row.functions = reserve(out_.functions, model.functions_size());
    for (int i = 0; i < model.functions_size(); i++) {
      const connx_function function = this->function(model.functions(i));
      out_.functions[row.functions.start + static_cast<size_t>(i)] = function;
    }
    if (row.has_graph) row.graph = graphs(&model.graph(), 1).start;
    out_.root = row;
  }

 private:
  template <typename Strings>
  connx_range texts(const Strings &strings) {
    const connx_range range{out_.texts.size(), static_cast<size_t>(strings.size())};
    for (const std::string &string : strings) out_.texts.push_back(text(string));
    return range;
  }

  connx_range imports(const google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto> &imports) {
    const connx_range range{out_.imports.size(), static_cast<size_t>(imports.size())};
    for (const auto &entry : imports) out_.imports.push_back({text(entry.domain()), entry.version()});
    return range;
  }

  connx_function function(const onnx::FunctionProto &function) {
    connx_function row{};
    row.name = text(function.name());
    row.domain = text(function.domain());
    row.overload = late_text(function.unknown_fields(), function_overload);
    row.inputs = texts(function.input());
    row.outputs = texts(function.output());
    row.attributes = texts(function.attribute());
    row.defaults = defaults(function.unknown_fields());
    row.imports = imports(function.opset_import());
    row.nodes = nodes(function.node());
    return row;
  }

  connx_range defaults(const google::protobuf::UnknownFieldSet &fields) {
    std::vector<const onnx::AttributeProto *> found;
    for (int i = 0; i < fields.field_count(); i++) {
      const UnknownField &field = fields.field(i);
      if (field.number() != function_defaults || !is_delimited(field)) continue;
      out_.late_attributes.emplace_back();
      // A fault gives an attribute without a name, which nobody reads.
      if (!out_.late_attributes.back().ParseFromString(field.length_delimited())) {
        out_.late_attributes.back().Clear();
      }
      found.push_back(&out_.late_attributes.back());
    }
    const connx_range range = reserve(out_.attributes, static_cast<int>(found.size()));
    for (size_t i = 0; i < found.size(); i++) {
      const connx_attribute row = attribute(*found[i]);
      out_.attributes[range.start + i] = row;
    }
    return range;
  }

  connx_range graphs(const onnx::GraphProto *first, int count) {
    const connx_range range = reserve(out_.graphs, count);
    for (size_t i = 0; i < range.count; i++) {
      const connx_graph row = graph(first[i]);
      out_.graphs[range.start + i] = row;
    }
    return range;
  }

  connx_graph graph(const onnx::GraphProto &graph) {
    connx_graph row{};
    row.name = text(graph.name());
    row.sparse_initializer_count = static_cast<size_t>(graph.sparse_initializer_size());
    row.inputs = values(graph.input());
    row.outputs = values(graph.output());
    row.initializers = tensors(graph.initializer());
    row.nodes = nodes(graph.node());
    return row;
  }

  connx_range nodes(const google::protobuf::RepeatedPtrField<onnx::NodeProto> &nodes) {
    const connx_range range = reserve(out_.nodes, nodes.size());
    for (int i = 0; i < nodes.size(); i++) {
      const connx_node row = node(nodes[i]);
      out_.nodes[range.start + static_cast<size_t>(i)] = row;
    }
    return range;
  }

  connx_node node(const onnx::NodeProto &node) {
    connx_node row{};
    row.name = text(node.name());
    row.op = text(node.op_type());
    row.domain = text(node.domain());
    row.overload = late_text(node.unknown_fields(), node_overload);
    row.inputs = texts(node.input());
    row.outputs = texts(node.output());
    row.attributes = reserve(out_.attributes, node.attribute_size());
    for (int i = 0; i < node.attribute_size(); i++) {
      const connx_attribute attribute = this->attribute(node.attribute(i));
      out_.attributes[row.attributes.start + static_cast<size_t>(i)] = attribute;
    }
    return row;
  }

  connx_attribute attribute(const onnx::AttributeProto &attribute) {
    connx_attribute row{};
    row.name = text(attribute.name());
    row.reference = text(attribute.ref_attr_name());
    row.type = attribute.type();
    row.i = attribute.i();
    row.f = attribute.f();
    row.s = text(attribute.s());
    row.ints = attribute.ints().data();
    row.int_count = static_cast<size_t>(attribute.ints_size());
    row.floats = attribute.floats().data();
    row.float_count = static_cast<size_t>(attribute.floats_size());
    row.strings = texts(attribute.strings());
    row.tensors = attribute.has_t() ? tensor_range(attribute.t()) : tensors(attribute.tensors());
    if (attribute.has_g()) {
      row.graphs = graphs(&attribute.g(), 1);
    } else {
      row.graphs = reserve(out_.graphs, attribute.graphs_size());
      for (int i = 0; i < attribute.graphs_size(); i++) {
        const connx_graph graph = this->graph(attribute.graphs(i));
        out_.graphs[row.graphs.start + static_cast<size_t>(i)] = graph;
      }
    }
    return row;
  }

  connx_range tensor_range(const onnx::TensorProto &tensor) {
    out_.tensors.push_back(this->tensor(tensor));
    return {out_.tensors.size() - 1, 1};
  }

  connx_range tensors(const google::protobuf::RepeatedPtrField<onnx::TensorProto> &tensors) {
    const connx_range range{out_.tensors.size(), static_cast<size_t>(tensors.size())};
    for (const auto &tensor : tensors) out_.tensors.push_back(this->tensor(tensor));
    return range;
  }

  connx_tensor tensor(const onnx::TensorProto &tensor) {
    connx_tensor row{};
    row.name = text(tensor.name());
    row.data_type = tensor.data_type();
    row.dims = tensor.dims().data();
    row.dim_count = static_cast<size_t>(tensor.dims_size());
    row.has_raw = tensor.has_raw_data();
    row.raw = text(tensor.raw_data());
    const auto &fields = tensor.unknown_fields();
    for (int i = 0; i < fields.field_count(); i++) {
      const UnknownField &field = fields.field(i);
      if (field.type() != UnknownField::TYPE_VARINT) continue;
      if (field.number() == connx::offset_field) {
        row.has_raw = row.is_in_file = true;
        row.offset = static_cast<size_t>(field.varint());
      }
      if (field.number() == connx::length_field) {
        row.raw = {nullptr, static_cast<size_t>(field.varint())};
      }
    }
    row.is_external = tensor.data_location() == onnx::TensorProto_DataLocation_EXTERNAL;
    row.has_segment = tensor.has_segment();
    row.external = {out_.texts.size(), 2 * static_cast<size_t>(tensor.external_data_size())};
    for (const auto &entry : tensor.external_data()) {
      out_.texts.push_back(text(entry.key()));
      out_.texts.push_back(text(entry.value()));
    }
    row.floats = tensor.float_data().data();
    row.float_count = static_cast<size_t>(tensor.float_data_size());
    row.int32s = tensor.int32_data().data();
    row.int32_count = static_cast<size_t>(tensor.int32_data_size());
    row.int64s = tensor.int64_data().data();
    row.int64_count = static_cast<size_t>(tensor.int64_data_size());
    row.doubles = tensor.double_data().data();
    row.double_count = static_cast<size_t>(tensor.double_data_size());
    row.uint64s = tensor.uint64_data().data();
    row.uint64_count = static_cast<size_t>(tensor.uint64_data_size());
    row.string_count = static_cast<size_t>(tensor.string_data_size());
    return row;
  }

  connx_range values(const google::protobuf::RepeatedPtrField<onnx::ValueInfoProto> &values) {
    const connx_range range{out_.values.size(), static_cast<size_t>(values.size())};
    for (const auto &value : values) out_.values.push_back(this->value(value));
    return range;
  }

  connx_value value(const onnx::ValueInfoProto &value) {
    connx_value row{};
    row.name = text(value.name());
    if (!value.has_type()) return row;
    row.kind = value.type().has_tensor_type() ? CONNX_TYPE_TENSOR : CONNX_TYPE_OTHER;
    const auto &type = value.type().tensor_type();
    row.element = type.elem_type();
    row.has_shape = type.has_shape();
    row.dims = {out_.dims.size(), static_cast<size_t>(type.shape().dim_size())};
    for (const auto &dim : type.shape().dim()) {
      connx_dim entry{};
      if (dim.has_dim_value()) {
        entry.kind = CONNX_DIM_VALUE;
        entry.value = dim.dim_value();
      } else if (dim.has_dim_param() && !dim.dim_param().empty()) {
        entry.kind = CONNX_DIM_NAME;
        entry.name = text(dim.dim_param());
      }
      out_.dims.push_back(entry);
    }
    return row;
  }

  static bool is_delimited(const UnknownField &field) {
    return field.type() == UnknownField::TYPE_LENGTH_DELIMITED;
  }

  connx_text late_text(const google::protobuf::UnknownFieldSet &fields, int number) {
    for (int i = 0; i < fields.field_count(); i++) {
      const UnknownField &field = fields.field(i);
      if (field.number() != number || !is_delimited(field)) continue;
      out_.late_texts.push_back(field.length_delimited());
      return text(out_.late_texts.back());
    }
    return {};
  }

  connx_document &out_;
};

connx_status parse(const uint8_t *bytes, size_t length, const connx_limits &limits,
                   connx_document &document, size_t &offset) {
  connx::Lifted lifted = connx::lift(bytes, length, limits);
  offset = lifted.offset;
  if (lifted.status != CONNX_OK) return lifted.status;
  google::protobuf::io::CodedInputStream stream(
      reinterpret_cast<const uint8_t *>(lifted.message.data()),
      static_cast<int>(lifted.message.size()));
  // A graph takes three levels: node, attribute, graph. Types nest as well.
  stream.SetRecursionLimit(static_cast<int>(3 * limits.maximum_depth + 16));
  if (!document.model.ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage()) {
    return CONNX_MALFORMED;
  }
  Flattener(document).model();
  return CONNX_OK;
}

}  // namespace

// No exception may reach Swift. The only one possible here is std::bad_alloc.
connx_status connx_parse(const uint8_t *bytes, size_t length, connx_limits limits,
                         connx_document **document, size_t *offset) {
  *document = nullptr;
  *offset = length;
  // Protobuf counts bytes as int.
  if (limits.maximum_structure > INT32_MAX) limits.maximum_structure = INT32_MAX;
  connx_document *result = nullptr;
  connx_status status = CONNX_OUT_OF_MEMORY;
  try {
    // Its complaints would go to standard error.
    google::protobuf::SetLogHandler(nullptr);
    result = new connx_document();
    status = parse(bytes, length, limits, *result, *offset);
  } catch (...) {
    status = CONNX_OUT_OF_MEMORY;
  }
  if (status == CONNX_OK) {
    *document = result;
  } else {
    delete result;
  }
  return status;
}

connx_tables connx_tables_of(const connx_document *document) {
  return {document->root,           document->texts.data(),   document->dims.data(),
          document->values.data(),  document->tensors.data(), document->attributes.data(),
          document->nodes.data(),   document->graphs.data(),  document->imports.data(),
          document->functions.data()};
}

void connx_free(connx_document *document) { delete document; }
