import JSON

extension TokenizerModel {
  /// Throws unless the field is exactly this text.
  static func expect(_ name: String, in field: JSONField) throws {
    let found = try field.string()
    guard found == name else {
      throw TokenizerError.unsupported(field: field.path, found: found, supported: name)
    }
  }

  /// `null`, or Gemma's `Split` at spaces that stay with the text before them.
  static func splitsAfterSpaces(_ field: JSONField) throws -> Bool {
    guard let split = field.present else { return false }
    try expect("Split", in: split.member("type"))
    try expect(" ", in: split.member("pattern").member("String"))
    try expect("MergedWithPrevious", in: split.member("behavior"))
    let invert = try split.member("invert")
    guard try invert.present?.bool() != true else {
      throw TokenizerError.unsupported(field: invert.path, found: "true", supported: "false")
    }
    return true
  }

  /// The one decoder that is implemented: `▁` to spaces, byte pieces to bytes, all joined.
  static func checkDecoder(_ field: JSONField) throws {
    try expect("Sequence", in: field.member("type"))
    let steps = try field.member("decoders").elements()
    let names = ["Replace", "ByteFallback", "Fuse"]
    guard steps.count == 2 || steps.count == 3 else {
      throw TokenizerError.unsupported(
        field: "\(field.path).decoders", found: "\(steps.count) steps",
        supported: names.joined(separator: ", "))
    }
    for (step, name) in zip(steps, names) { try expect(name, in: step.member("type")) }
    try expect("▁", in: steps[0].member("pattern").member("String"))
    try expect(" ", in: steps[0].member("content"))
  }

  /// The special tokens around a single text in a `TemplateProcessing`.
  mutating func readTemplate(_ field: JSONField, idLimit: Int) throws {
    guard let template = field.present else { return }
    try Self.expect("TemplateProcessing", in: template.member("type"))
    let tokens = try template.member("special_tokens")
    var seenText = false
    for element in try template.member("single").elements() {
      if let sequence = try element.member("Sequence").present {
        try Self.expect("A", in: sequence.member("id"))
        guard !seenText else { throw sequence.unexpected("one text") }
        seenText = true
        continue
      }
      let name = try element.member("SpecialToken").member("id")
      for id in try tokens.member(name.string()).member("ids").elements() {
        let id = Int32(try id.int(in: 0...(idLimit - 1)))
        if seenText { suffix.append(id) } else { prefix.append(id) }
      }
    }
  }
}

extension SpaceNormalizer {
  /// `null`, `Replace` of a space by `▁`, `Prepend` of `▁`, or a sequence of these.
  init(json field: JSONField) throws {
    self.init()
    try apply(field)
  }

  private mutating func apply(_ field: JSONField) throws {
    guard let step = field.present else { return }
    let type = try step.member("type")
    switch try type.string() {
    case "Sequence":
      for step in try step.member("normalizers").elements() { try apply(step) }
    case "Replace":
      try TokenizerModel.expect(" ", in: step.member("pattern").member("String"))
      try TokenizerModel.expect("▁", in: step.member("content"))
      replacesSpaces = true
    case "Prepend" where !prependsSpace:
      try TokenizerModel.expect("▁", in: step.member("prepend"))
      prependsSpace = true
    case let other:
      throw TokenizerError.unsupported(
        field: type.path, found: other, supported: "Replace, one Prepend, Sequence")
    }
  }
}

extension AddedToken {
  /// One element of `added_tokens`; its id is not settled yet.
  init(json field: JSONField) throws {
    let content = try field.member("content")
    self.init(content: Array(try content.string().utf8), id: 0)
    guard (1...Self.longestContent).contains(self.content.count) else {
      throw content.unexpected("a text of 1 to \(Self.longestContent) bytes")
    }
    special = try field.member("special").bool()
    normalized = try field.member("normalized").bool()
    stripsLeft = try field.member("lstrip").bool()
    stripsRight = try field.member("rstrip").bool()
    singleWord = try field.member("single_word").bool()
  }
}
