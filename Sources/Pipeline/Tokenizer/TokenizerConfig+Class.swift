import JSON

/// What `tokenizer_class` means.
extension TokenizerConfig {
  /// Whether it is Gemma's class. All names that transformers does not know stand for its general class, which
  /// takes a tokenizer as its own file describes it.
  ///
  /// - Throws: `TokenizerError` for a class of transformers that cuts text in another way.
  static func isGemma(_ settings: [Setting]) throws -> Bool {
    let setting = settings.first { $0.key == "tokenizer_class" && $0.field.present != nil }
    return try setting?.naming { field in
      let name = try field.string()
      let base = name.hasSuffix("Fast") ? String(name.dropLast(4)) : name
      guard !otherClasses.contains(base) else {
        throw TokenizerError.unsupported(
          field: field.path, found: name,
          supported: "GemmaTokenizer, PreTrainedTokenizerFast, TokenizersBackend")
      }
      return base == "GemmaTokenizer"
    } ?? false
  }

  /// The classes of transformers 5.23 with rules of their own, other than Gemma's.
  private static let otherClasses = Set(
    """
    Albert Bart Barthez Bartpho BertGeneration BertJapanese Bert Bertweet BigBird BioGpt BlenderbotSmall
    Blenderbot ByT5 CLIP CTRL Camembert Canine Clvp CodeLlama Cohere CpmAnt Cpm DPRQuestionEncoder
    Deberta DebertaV2 Dia Esm Esmc FNet FSMT Flaubert Funnel GPT2 GPTNeoXJapanese GPTNeoX GPTSw3 Herbert
    LED Lasr LayoutLMv2 LayoutLMv3 LayoutXLM Llama Luke Lxmert M2M100 MBart50 MBart MLuke MPNet Marian
    MarkupLM Mgpstr MobileBert Mvp MyT5 Nllb Nougat OpenAIGPT PLBart Parakeet Pegasus Perceiver Phobert
    ProphetNet Qwen2 Qwen3_5 Rag Reformer RemBert RoCBert RoFormer Roberta SeamlessM4T Siglip2 Siglip
    Speech2Text SpeechT5 Splinter T5 Tapas Tipsv2 Udop VideoPrism Vits Wav2Vec2CTC Wav2Vec2PhonemeCTC
    Whisper XGLM XLMRoberta XLM XLNet
    """.split { $0.isWhitespace }.map { "\($0)Tokenizer" })
}
