extension FuzzEntry {
  /// All entries: one for each reader.
  public static let all: [FuzzEntry] = [
    json, safetensors, npy, index, config, processor, onnxWire, onnx, sentencePiece, tokenizer,
    png, jpeg, webp, gif, bmp, tiff, avif, netpbm, planFile, plan, graph,
  ]
}
