import JSON

extension ImageProcessorSettings {
  /// Longest side of `pixel_values`.
  private static let maximumSide = 4096

  /// Reads the fields of a `preprocessor_config.json`; the rest is ignored.
  ///
  /// A field that is missing or `null` takes transformers' default. What would change the pixel
  /// values and is not implemented (cropping, padding, sizes that depend on the picture) is an error.
  public init(_ config: JSONField) throws(JSONError) {
    try Self.refuseUnsupported(config)
    if let size = try config.member("size").present {
      (height, width) = try Self.size(size)
    }
    imageTokenCount = try config.member("image_seq_length").present?.int(in: 0...1 << 20)
    if try !Self.flag("do_resize", config) {
      filter = nil
    } else if let field = try config.member("resample").present {
      filter = try Self.filter(field)
    }
    if try !Self.flag("do_rescale", config) {
      rescaleFactor = nil
    } else if let field = try config.member("rescale_factor").present {
      rescaleFactor = try Self.factor(field)
    }
    if try Self.flag("do_normalize", config) {
      try readNormalization(config)
    } else {
      normalization = nil
    }
  }

  /// The same fields but for `image_seq_length`: what `init(_:)` reads back as equal settings.
  public var json: JSON {
    var members: [JSON.Member] = [
      JSON.Member("size", ["height": .integer(height), "width": .integer(width)]),
      JSON.Member("do_resize", .bool(filter != nil)),
      JSON.Member("do_rescale", .bool(rescaleFactor != nil)),
      JSON.Member("do_normalize", .bool(normalization != nil)),
    ]
    if let filter { members.append(JSON.Member("resample", .integer(filter.rawValue))) }
    if let rescaleFactor { members.append(JSON.Member("rescale_factor", .number(rescaleFactor))) }
    if let normalization {
      let deviation = normalization.standardDeviation
      members.append(JSON.Member("image_mean", .array(normalization.mean.map(JSON.number))))
      members.append(JSON.Member("image_std", .array(deviation.map(JSON.number))))
    }
    return .object(members)
  }

  /// An object with `height` and `width`, a list of the two in this order, or the side of a square.
  private static func size(_ field: JSONField) throws(JSONError) -> (height: Int, width: Int) {
    let sides = 1...maximumSide
    switch field.value {
    case .integer:
      let side = try field.int(in: sides)
      return (side, side)
    case .array:
      let elements = try field.elements()
      guard elements.count == 2 else { throw field.unexpected("height and width") }
      return (try elements[0].int(in: sides), try elements[1].int(in: sides))
    default:
      return (
        try field.member("height").int(in: sides), try field.member("width").int(in: sides)
      )
    }
  }

  /// Pillow's number or name of a filter.
  private static func filter(_ field: JSONField) throws(JSONError) -> ResampleFilter {
    let filter: ResampleFilter? =
      switch field.value {
      case .string(let name): ResampleFilter(name: name)
      default: ResampleFilter(rawValue: try field.int())
      }
    guard let filter else {
      let known = ResampleFilter.allCases.map { "\($0.rawValue) (\($0))" }
      throw field.unexpected("one of " + known.joined(separator: ", "))
    }
    return filter
  }

  private mutating func readNormalization(_ config: JSONField) throws(JSONError) {
    if let field = try config.member("image_mean").present {
      normalization?.mean = try Self.perChannel(field) { (value) throws(JSONError) in
        try value.double(in: -1e6...1e6)
      }
    }
    if let field = try config.member("image_std").present {
      normalization?.standardDeviation = try Self.perChannel(field, Self.factor)
    }
  }

  /// Three values, or one that stands for all channels.
  private static func perChannel(
    _ field: JSONField, _ read: (JSONField) throws(JSONError) -> Double
  ) throws(JSONError) -> [Double] {
    guard case .array? = field.value else {
      return Array(repeating: try read(field), count: RGBImage.channels)
    }
    let elements = try field.elements()
    guard elements.count == RGBImage.channels
    else { throw field.unexpected("\(RGBImage.channels) values") }
    var values: [Double] = []
    for element in elements { values.append(try read(element)) }
    return values
  }

  /// A positive number that stays positive and finite as f32.
  private static func factor(_ field: JSONField) throws(JSONError) -> Double {
    try field.double(in: 1e-6...1e6)
  }

  /// A switch that is on unless the file turns it off.
  private static func flag(_ name: String, _ config: JSONField) throws(JSONError) -> Bool {
    try config.member(name).present?.bool() ?? true
  }

  private static func refuseUnsupported(_ config: JSONField) throws(JSONError) {
    for name in ["do_center_crop", "do_pad"] {
      if let field = try config.member(name).present, try field.bool() {
        throw field.unexpected("false, because pictures are neither cropped nor padded")
      }
    }
    let names = ["SiglipImageProcessor", "SiglipImageProcessorFast", "SiglipImageProcessorPil"]
    if let field = try config.member("image_processor_type").present,
      try !names.contains(field.string())
    {
      throw field.unexpected("\"SiglipImageProcessor\"")
    }
  }
}
