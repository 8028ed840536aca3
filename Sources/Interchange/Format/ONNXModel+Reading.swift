import COnnx
import Inputs
import Tensors

extension ONNXModel {
  /// Largest file that is read; protobuf counts bytes as a signed 32-bit number.
  static let byteLimit = 1 << 31

  private static let limits = connx_limits(
    maximum_depth: 32, maximum_fields: 1 << 24, maximum_structure: 256 << 20)

  /// Reads a mapped file. Raw data of tensors are not touched.
  init(_ file: MappedFile) throws {
    guard file.byteCount > 0 else { throw ONNXError("the file is empty; give a whole model") }
    guard file.byteCount <= Self.byteLimit else {
      throw ONNXError(
        "the file has \(file.byteCount) bytes, more than \(Self.byteLimit); store the weights as "
          + "external data")
    }
    let document = try ParsedDocument(file, Self.limits)
    self = try withExtendedLifetime(document) { try ONNXTables(document.tables, file).model() }
  }
}

/// Owns what the shim made.
private final class ParsedDocument {
  private let handle: OpaquePointer
  let tables: connx_tables

  init(_ file: MappedFile, _ limits: connx_limits) throws {
    var handle: OpaquePointer?
    var offset = 0
    let status = file.withUnsafeBytes(in: 0..<file.byteCount) {
      connx_parse($0.bindMemory(to: UInt8.self).baseAddress, $0.count, limits, &handle, &offset)
    }
    guard status == CONNX_OK, let handle else {
      throw Self.error(status, offset < file.byteCount ? " at byte \(offset)" : "")
    }
    self.handle = handle
    tables = connx_tables_of(handle)
  }

  deinit { connx_free(handle) }

  private static func error(_ status: connx_status, _ place: String) -> ONNXError {
    switch status {
    case CONNX_TOO_DEEP: ONNXError("graphs nest more than 32 deep\(place)")
    case CONNX_TOO_LARGE:
      ONNXError("there is too much beside the weights\(place); store them as raw or external data")
    case CONNX_OUT_OF_MEMORY: ONNXError("there is not enough memory to read it")
    default: ONNXError("this is not an ONNX model, or not all of it\(place); fetch the file again")
    }
  }
}

/// The shim's tables as values of their own. Every range in them lies within its table.
private struct ONNXTables {
  private let tables: connx_tables
  private let file: MappedFile

  init(_ tables: connx_tables, _ file: MappedFile) {
    (self.tables, self.file) = (tables, file)
  }

  func model() throws -> ONNXModel {
    let row = tables.model
    guard row.has_graph else { throw ONNXError("it has no graph; fetch the file again") }
    guard row.training_count == 0 else {
      throw ONNXError("it has training information; export it for inference")
    }
    return ONNXModel(
      irVersion: Int(row.ir_version), imports: try imports(row.imports),
      graph: try graph(tables.graphs[row.graph]),
      functions: try rows(row.functions, tables.functions, function))
  }

  private func rows<Row, Value>(
    _ range: connx_range, _ table: UnsafePointer<Row>?, _ convert: (Row) throws -> Value
  ) throws -> [Value] {
    guard range.count > 0, let table else { return [] }
    return try UnsafeBufferPointer(start: table + range.start, count: range.count).map(convert)
  }

  private func array<Value>(_ start: UnsafePointer<Value>?, _ count: Int) -> [Value] {
    Array(UnsafeBufferPointer(start: start, count: start == nil ? 0 : count))
  }

  /// Names are printed and stand in textual graphs, so control characters are out of place.
  private func text(_ text: connx_text) throws -> String {
    guard text.count > 0, let bytes = text.bytes else { return "" }
    let buffer = UnsafeRawBufferPointer(start: bytes, count: text.count)
    guard text.count <= 1 << 16, let string = String(validating: buffer, as: UTF8.self),
      !string.utf8.contains(where: { $0 < 0x20 })
    else {
      throw ONNXError(
        "a name in it is not UTF-8, has a control character or is too long; export it again")
    }
    return string
  }

  private func texts(_ range: connx_range) throws -> [String] {
    try rows(range, tables.texts, text)
  }

  private func imports(_ range: connx_range) throws -> [ONNXOperatorSet] {
    try rows(range, tables.imports) {
      ONNXOperatorSet(domain: try text($0.domain), version: Int($0.version))
    }
  }

  private func graph(_ row: connx_graph) throws -> ONNXGraph {
    let name = try text(row.name)
    guard row.sparse_initializer_count == 0 else {
      throw ONNXError(
        "graph \"\(name.printable)\" has sparse initializers, which are not supported")
    }
    return ONNXGraph(
      name: name, nodes: try rows(row.nodes, tables.nodes, node),
      inputs: try rows(row.inputs, tables.values, value),
      outputs: try rows(row.outputs, tables.values, value),
      initializers: try rows(row.initializers, tables.tensors, tensor))
  }

  private func function(_ row: connx_function) throws -> ONNXFunction {
    ONNXFunction(
      name: try text(row.name), domain: try text(row.domain), overload: try text(row.overload),
      inputs: try texts(row.inputs), outputs: try texts(row.outputs),
      attributes: try texts(row.attributes),
      defaults: try rows(row.defaults, tables.attributes, attribute),
      nodes: try rows(row.nodes, tables.nodes, node), imports: try imports(row.imports))
  }

  private func node(_ row: connx_node) throws -> ONNXNode {
    ONNXNode(
      name: try text(row.name), op: try text(row.op), domain: try text(row.domain),
      overload: try text(row.overload), inputs: try texts(row.inputs),
      outputs: try texts(row.outputs),
      attributes: try rows(row.attributes, tables.attributes, attribute))
  }

  private func attribute(_ row: connx_attribute) throws -> ONNXAttribute {
    ONNXAttribute(name: try text(row.name), value: try attributeValue(row))
  }

  /// By the numbers of `AttributeProto.AttributeType`.
  private func attributeValue(_ row: connx_attribute) throws -> ONNXAttribute.Value {
    if row.reference.count > 0 { return .reference(try text(row.reference)) }
    switch row.type {
    case 1: return .float(Double(row.f))
    case 2: return .int(Int(row.i))
    case 3: return .string(try text(row.s))
    case 4 where row.tensors.count == 1:
      return .tensor(try tensor(tables.tensors[row.tensors.start]))
    case 5 where row.graphs.count == 1:
      return .graph(try graph(tables.graphs[row.graphs.start]))
    case 6: return .floats(array(row.floats, row.float_count).map(Double.init))
    case 7: return .ints(array(row.ints, row.int_count).map { Int($0) })
    case 8: return .strings(try texts(row.strings))
    default: return .other
    }
  }

  private func value(_ row: connx_value) throws -> ONNXValueInfo {
    let shape = try rows(row.dims, tables.dims) { dim -> ONNXValueInfo.Extent in
      switch dim.kind {
      case CONNX_DIM_VALUE.rawValue: .value(Int(dim.value))
      case CONNX_DIM_NAME.rawValue: .named(try text(dim.name))
      default: .unknown
      }
    }
    return ONNXValueInfo(
      name: try text(row.name),
      type: row.kind == CONNX_TYPE_TENSOR.rawValue ? ONNXDataType(rawValue: Int(row.element)) : nil,
      shape: row.has_shape ? shape : nil, isOther: row.kind == CONNX_TYPE_OTHER.rawValue)
  }

  private func tensor(_ row: connx_tensor) throws -> ONNXTensor {
    let name = try text(row.name)
    let shape = array(row.dims, row.dim_count).map { Int($0) }
    guard shape.count <= TensorData.rankLimit else {
      throw ONNXError(
        "tensor \"\(name.printable)\" has \(shape.count) axes; at most \(TensorData.rankLimit) are "
          + "supported")
    }
    return ONNXTensor(
      name: name, type: ONNXDataType(rawValue: Int(row.data_type)), typeNumber: Int(row.data_type),
      shape: shape, place: try place(of: row))
  }

  private func place(of row: connx_tensor) throws -> ONNXTensor.Place {
    let counts = [
      row.float_count, row.int32_count, row.int64_count, row.double_count, row.uint64_count,
    ]
    let places = counts.filter { $0 > 0 }.count + (row.has_raw ? 1 : 0) + (row.is_external ? 1 : 0)
    guard places <= 1, !row.has_segment, row.string_count == 0 else { return .unclear }
    if row.is_external { return .external(try externalEntries(row.external)) }
    if row.is_in_file { return inFile(row) }
    if row.has_raw {
      let bytes = UnsafeRawBufferPointer(start: row.raw.bytes, count: row.raw.count)
      return .bytes(Array(bytes))
    }
    if row.float_count > 0 { return .floats(array(row.floats, row.float_count)) }
    if row.double_count > 0 { return .doubles(array(row.doubles, row.double_count)) }
    if row.int32_count > 0 {
      return .integers(array(row.int32s, row.int32_count).map(Int64.init))
    }
    if row.uint64_count > 0 {
      let values = array(row.uint64s, row.uint64_count).map(Int64.init(exactly:))
      return values.contains(nil) ? .unclear : .integers(values.compactMap { $0 })
    }
    // Without any data it is a tensor of no elements, or wrong; its shape tells.
    return .integers(array(row.int64s, row.int64_count))
  }

  /// The shim took the place from the file; two tensors merged into one could still contradict it.
  private func inFile(_ row: connx_tensor) -> ONNXTensor.Place {
    let (end, overflow) = row.offset.addingReportingOverflow(row.raw.count)
    guard !overflow, row.offset >= 0, row.raw.count >= 0, end <= file.byteCount else {
      return .unclear
    }
    return .file(row.offset..<end)
  }

  private func externalEntries(_ range: connx_range) throws -> [(key: String, value: String)] {
    let texts = try texts(range)
    return stride(from: 0, to: texts.count - 1, by: 2).map { (texts[$0], texts[$0 + 1]) }
  }
}
