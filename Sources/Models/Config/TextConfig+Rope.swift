extension TextConfig {
  /// The base of the rotary frequencies. It stands in `rope_parameters` (newer files), else in
  /// `rope_theta`; a `rope_scaling` that is not `null` takes the place of `rope_parameters`.
  ///
  /// Only unscaled RoPE is known: any other `rope_type` would give wrong text without an error.
  static func readRopeTheta(
    _ section: ConfigSection, default fallback: Double
  ) throws(Problem) -> Double {
    let theta = try section.optionalPositive("rope_theta", default: nil) ?? fallback
    try refusePartialRotation(section)
    var nested = try section.section("rope_parameters")
    if let scaling = try section.section("rope_scaling") { nested = scaling }
    guard let parameters = nested else { return theta }
    for key in ["rope_type", "type"] {
      _ = try parameters.choice(key, among: ["default": ()], default: ())
    }
    for kind in LayerKind.allCases where try parameters.section(kind.rawValue) != nil {
      throw parameters.unsupported(kind.rawValue, nil, ["one rope_theta for all layers"])
    }
    try refusePartialRotation(parameters)
    return try parameters.optionalPositive("rope_theta", default: nil) ?? theta
  }

  private static func refusePartialRotation(_ section: ConfigSection) throws(Problem) {
    let factor = try section.optionalPositive("partial_rotary_factor", default: nil) ?? 1
    guard factor == 1 else {
      throw .unsupported(
        field: section.path("partial_rotary_factor"), found: "\(factor)", supported: ["1"])
    }
  }
}
