import JSON

/// The part of JSON Schema that `docs/dump-format.schema.json` is written in. A keyword that is not
/// known here is a fault of the schema.
struct JSONSchema {
  let root: JSON

  /// What is wrong with a value, as lines that begin with the place.
  func faults(in value: JSON) -> [String] { faults(in: value, root, at: "$") }

  private func faults(in value: JSON, _ schema: JSON, at path: String) -> [String] {
    guard case .object(let keywords) = schema else { return ["\(path): the schema is no object"] }
    return keywords.flatMap { keyword -> [String] in
      let wanted = keyword.value
      switch keyword.key {
      case "$schema", "title", "$defs", "required", "properties", "additionalProperties": return []
      case "$ref": return faults(in: value, resolved(wanted), at: path)
      case "const": return value == wanted ? [] : ["\(path) is not \(wanted.encoded())"]
      case "enum":
        return wanted.elements.contains(value) ? [] : ["\(path) is not one of \(wanted.encoded())"]
      case "anyOf":
        let options = wanted.elements.map { faults(in: value, $0, at: path) }
        return options.contains(where: \.isEmpty) ? [] : ["\(path) fits nothing of anyOf"]
      case "items":
        return value.elements.enumerated().flatMap {
          faults(in: $1, wanted, at: "\(path)[\($0)]")
        }
      case "type":
        guard wanted == .string(value.schemaType) else {
          let isNumber = wanted == "number" && value.schemaType == "integer"
          return isNumber ? [] : ["\(path) is no \(wanted.encoded())"]
        }
        return members(of: value, schema, at: path)
      default: return ["\(path): unknown keyword \(keyword.key)"]
      }
    }
  }

  private func members(of value: JSON, _ schema: JSON, at path: String) -> [String] {
    guard case .object(let members) = value else { return [] }
    let missing = (schema["required"]?.elements ?? []).filter { name in
      !members.contains { .string($0.key) == name }
    }
    return missing.map { "\(path) has no \($0.encoded())" }
      + members.flatMap { member -> [String] in
        let path = "\(path).\(member.key)"
        if let known = schema["properties"]?[member.key] {
          return faults(in: member.value, known, at: path)
        }
        switch schema["additionalProperties"] {
        case .some(.object(let more)): return faults(in: member.value, .object(more), at: path)
        default: return ["\(path) is not in the schema"]
        }
      }
  }

  private func resolved(_ reference: JSON) -> JSON {
    guard case .string(let path) = reference, path.hasPrefix("#/$defs/") else { return .null }
    return root["$defs"]?[String(path.dropFirst(8))] ?? .null
  }
}

extension JSON {
  var elements: [JSON] {
    if case .array(let elements) = self { elements } else { [] }
  }

  fileprivate var schemaType: String {
    switch self {
    case .null: "null"
    case .bool: "boolean"
    case .integer, .unsigned: "integer"
    case .number: "number"
    case .string: "string"
    case .array: "array"
    case .object: "object"
    }
  }
}
