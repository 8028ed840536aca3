import Glibc
import Inputs
import JSON

extension ModelFolder {
  /// What is in a folder that holds no checkpoint to be read: one printable sentence that says what it is
  /// and what to do; nil for a folder with nothing that is known.
  public var contents: String? {
    let names = folderEntries(path) ?? []
    if names.contains(where: { $0 == "adapter_config.json" || $0.hasPrefix("adapter_model.") }) {
      return
        "a PEFT adapter, not a whole model; merge it into \(baseModel) with PEFT's merge_and_unload and "
        + "give the folder that save_pretrained writes"
    }
    if names.contains("model_index.json") {
      return "a diffusers pipeline; only PaliGemma and SigLIP models are read"
    }
    if contains(Checkpoint.fileName) || contains(Checkpoint.indexName) {
      return "weights without their configuration; download the model's whole folder"
    }
    return Self.snapshots(names) ?? Self.weights(names) ?? models(names) ?? Self.processor(names)
  }

  /// Whether an adapter stands beside weights; transformers loads it with them.
  public var hasAdapterBesideWeights: Bool {
    contains("adapter_config.json")
      && (contains(Checkpoint.fileName) || contains(Checkpoint.indexName))
  }

  /// The model that an adapter belongs to, as far as its configuration says.
  private var baseModel: String {
    guard let file = try? open("adapter_config.json"),
      let config = try? JSON.parse(file, limits: JSON.Limits(bytes: 1 << 20), dialect: .python),
      let name = try? JSONField(config).member("base_model_name_or_path").string()
    else { return "its base model" }
    return "its base model, \(name.printable),"
  }

  private static func snapshots(_ names: [String]) -> String? {
    guard names.contains("snapshots"), names.contains("blobs") || names.contains("refs") else {
      return nil
    }
    return "a repository of the Hugging Face cache; give the folder below its snapshots"
  }

  private static func weights(_ names: [String]) -> String? {
    if let tensors = names.first(where: {
      $0.hasSuffix(".safetensors")
    }) {
      return tensors.contains("-of-")
        ? "\(tensors.printable), a part of a model, but not the \(Checkpoint.indexName) that lists the parts; "
          + "download the whole folder"
        : "\(tensors.printable), a name that transformers does not look for; rename it to \(Checkpoint.fileName)"
    }
    let foreign = names.lazy.filter { !isTrainerState($0) }.compactMap { name in
      ForeignFormat(name: name).map { (name, $0) }
    }
    return foreign.first.map { "\($0.printable), \($1)" }
  }

  /// Whether a name is that of a file in which a trainer keeps what is no weight.
  private static func isTrainerState(_ name: String) -> Bool {
    ["training_args", "optimizer", "scheduler", "scaler", "rng_state"].contains {
      name.hasPrefix($0)
    }
  }

  /// Folders inside that look like models, such as those that a trainer leaves.
  private func models(_ names: [String]) -> String? {
    let models = names.filter { access("\(path)/\($0)/config.json", F_OK) == 0 }
    guard let last = models.last else { return nil }
    return
      "no model itself, but \(models.count == 1 ? "one" : "\(models.count)") in folders; give one of them, "
      + "such as \(path.printable)/\(last.printable)"
  }

  private static func processor(_ names: [String]) -> String? {
    let known = [
      "tokenizer.json", "tokenizer.model", "tokenizer_config.json", "preprocessor_config.json",
      "processor_config.json",
    ]
    guard names.contains(where: known.contains) else { return nil }
    return "a tokenizer or processor without a model; download the model's whole folder"
  }
}

/// The names of what stands in a folder, sorted; nil when it cannot be listed.
package func folderEntries(_ path: String) -> [String]? {
  guard let listing = opendir(path.systemPath) else { return nil }
  defer { closedir(listing) }
  var names: [String] = []
  while let entry = readdir(listing) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(systemPath: $0) }
    }
    if name != "." && name != ".." { names.append(name) }
  }
  return names.sorted()
}
