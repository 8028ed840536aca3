import IR
import Tensors

/// The messages of ONNX, with the numbers of their fields.
extension ExportedModel {
  /// Everything but the values of the module's tensors. Each of them is an initializer that ends with
  /// its raw data, so that it can be written piece by piece.
  struct Encoding {
    /// The fields of the model before the graph.
    let model: [UInt8]
    /// The fields of the graph but for its large initializers.
    let graph: [UInt8]
    /// What stands before the values of each initializer that comes from the module.
    let headers: [(initializer: Initializer, bytes: [UInt8])]

    /// Bytes of the whole graph: those that are here, and the values if they stand among them.
    func graphByteCount(withValues: Bool) -> Int {
      headers.reduce(graph.count) {
        $0 + $1.bytes.count + (withValues ? $1.initializer.byteCount : 0)
      }
    }

    /// The model's fields and what stands before the graph.
    func start(graphByteCount: Int) -> [UInt8] {
      var writer = ProtobufWriter()
      writer.header(7, byteCount: graphByteCount)
      return model + writer.bytes
    }
  }

  /// Where the values of the module's tensors stand.
  enum Placement {
    /// In the model's file.
    case inside
    /// In another file of this name, at the offset of each.
    case outside(file: String, offsets: [Int])
    /// Nowhere: for checks that do not read them.
    case nowhere
  }

  func encoding(_ placement: Placement) -> Encoding {
    var graph = ProtobufWriter()
    for node in nodes { graph.message(1) { node.encode(&$0) } }
    graph.text(2, name)
    graph.note(10, doc)
    for input in inputs { graph.message(11) { input.encode(&$0) } }
    for output in outputs { graph.message(12) { output.encode(&$0) } }
    for value in values { graph.message(13) { value.encode(&$0) } }
    var headers: [(Initializer, [UInt8])] = []
    for initializer in initializers {
      switch initializer.content {
      case .bytes(let bytes):
        graph.message(5) { message in
          initializer.encode(&message)
          message.data(9, bytes)
        }
      case .tensor:
        headers.append((initializer, initializer.header(placement, index: headers.count)))
      }
    }
    return Encoding(model: modelFields, graph: graph.bytes, headers: headers)
  }

  private var modelFields: [UInt8] {
    var writer = ProtobufWriter()
    writer.int(1, irVersion)
    writer.text(2, "paligraph")
    writer.text(3, producerVersion)
    writer.int(5, 1)
    writer.note(6, doc)
    writer.message(8) { set in
      set.text(1, "")
      set.int(2, opset)
    }
    for entry in metadata {
      writer.message(14) { message in
        message.text(1, entry.key)
        message.text(2, entry.value)
      }
    }
    return writer.bytes
  }
}

extension ExportedModel.Node {
  fileprivate func encode(_ message: inout ProtobufWriter) {
    for input in inputs { message.text(1, input) }
    for output in outputs { message.text(2, output) }
    message.text(3, outputs[outputs.count - 1])
    message.text(4, op)
    for (name, value) in attributes {
      message.message(5) { attribute in
        attribute.text(1, name)
        value.encode(&attribute)
      }
    }
    message.note(6, doc)
  }
}

extension ExportedAttribute {
  /// The value and its kind (`AttributeProto.AttributeType`).
  fileprivate func encode(_ message: inout ProtobufWriter) {
    switch self {
    case .float(let value):
      message.float(2, Float(value))
      message.int(20, 1)
    case .int(let value):
      message.int(3, value)
      message.int(20, 2)
    case .string(let value):
      message.text(4, value)
      message.int(20, 3)
    case .ints(let values):
      for value in values { message.int(8, value) }
      message.int(20, 7)
    }
  }
}

extension ExportedModel.ValueInfo {
  fileprivate func encode(_ message: inout ProtobufWriter) {
    message.text(1, name)
    message.message(2) { typeMessage in
      typeMessage.message(1) { tensor in
        tensor.int(1, type.element.onnxNumber)
        tensor.message(2) { shape in
          for extent in type.shape {
            shape.message(1) { dim in
              if let size = extent.constant { dim.int(1, size) } else { dim.text(2, "\(extent)") }
            }
          }
        }
      }
    }
    message.note(3, doc)
  }
}

extension ExportedModel.Initializer {
  fileprivate func encode(_ message: inout ProtobufWriter) {
    for extent in shape { message.int(1, extent) }
    message.int(2, element.onnxNumber)
    message.text(8, name)
  }

  /// The field of the graph that holds this tensor, up to its values.
  fileprivate func header(_ placement: ExportedModel.Placement, index: Int) -> [UInt8] {
    var tensor = ProtobufWriter()
    encode(&tensor)
    var valueBytes = 0
    switch placement {
    case .inside:
      tensor.header(9, byteCount: byteCount)
      valueBytes = byteCount
    // A tensor with no values at all would be refused.
    case .nowhere: tensor.data(9, byteCount == 0 ? [] : [0])
    case .outside(let file, let offsets):
      let entries = [
        ("location", file), ("offset", "\(offsets[index])"), ("length", "\(byteCount)"),
      ]
      for (key, value) in entries {
        tensor.message(13) { entry in
          entry.text(1, key)
          entry.text(2, value)
        }
      }
      tensor.int(14, 1)
    }
    var field = ProtobufWriter()
    field.header(5, byteCount: tensor.bytes.count + valueBytes)
    return field.bytes + tensor.bytes
  }
}

extension ElementType {
  /// The number of this type in `TensorProto.DataType`.
  var onnxNumber: Int { onnxType.rawValue }

  /// The version of the standard operators that first has this type.
  var firstOpset: Int {
    switch self {
    case .f8e4m3, .f8e5m2, .f8e4m3fnuz, .f8e5m2fnuz: 19
    case .i4, .u4: 21
    case .f4e2m1: 23
    default: 13
    }
  }

  var onnxType: ONNXDataType {
    let types = (1...32).compactMap(ONNXDataType.init(rawValue:))
    guard let type = types.first(where: { $0.element == self }) else {
      preconditionFailure("every element type is that of some ONNX type")
    }
    return type
  }
}
