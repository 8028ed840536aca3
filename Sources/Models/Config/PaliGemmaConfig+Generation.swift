import JSON

/// What `generation_config.json` says about choosing tokens. Answers are greedy unless the request
/// says otherwise, whatever the file says; a reader of the answers should know.
extension PaliGemmaConfig {
  /// Fields that change which tokens are chosen, with the numbers at which they do not. `null`,
  /// `false` and an empty list change nothing in any of them.
  private static let choosing: [(field: String, neutral: [Double])] = [
    ("do_sample", []), ("temperature", [0, 1]), ("top_k", [0, 50]), ("top_p", [1]),
    ("min_p", [0]), ("typical_p", [1]), ("epsilon_cutoff", [0]), ("eta_cutoff", [0]),
    ("num_beams", [1]), ("num_beam_groups", [1]), ("penalty_alpha", [0]),
    ("repetition_penalty", [1]), ("encoder_repetition_penalty", [1]),
    ("no_repeat_ngram_size", [0]), ("encoder_no_repeat_ngram_size", [0]),
    ("min_length", [0]), ("min_new_tokens", [0]), ("suppress_tokens", []),
    ("begin_suppress_tokens", []), ("bad_words_ids", []), ("force_words_ids", []),
    ("forced_bos_token_id", []), ("forced_eos_token_id", []), ("sequence_bias", []),
    ("exponential_decay_length_penalty", []), ("guidance_scale", [1]), ("watermarking_config", []),
  ]

  /// The fields that ask for something, in the order above.
  static func unappliedSettings(
    _ section: ConfigSection
  ) throws(ConfigError.Problem) -> [String] {
    var asked: [String] = []
    for (field, neutral) in choosing {
      let isNeutral =
        switch try section.member(field).value {
        case nil, .null, .bool(false): true
        case .array(let values): values.isEmpty
        case .integer(let value): neutral.contains(Double(value))
        case .number(let value): neutral.contains(value)
        default: false
        }
      if !isNeutral { asked.append(field) }
    }
    return asked
  }
}
