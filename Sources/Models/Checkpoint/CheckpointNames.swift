/// The names that the checkpoint at hand gives to the tensors of a model.
struct CheckpointNames {
  private let scheme: CheckpointScheme
  /// The spelling of each part, by its canonical beginning.
  private var spellings: [String: String] = [:]

  /// Learns a checkpoint's spelling of each part from the first name that belongs to it.
  init(_ names: some Sequence<String>, in scheme: CheckpointScheme) {
    self.scheme = scheme
    for name in names {
      guard let (canonical, spelling) = scheme.part(of: name) else { continue }
      if spellings[canonical] == nil { spellings[canonical] = spelling }
    }
  }

  /// How the checkpoint spells a canonical name, whether it holds the tensor or not.
  func spelling(of canonical: String) -> String {
    guard let (part, own) = scheme.part(of: canonical), let spelling = spellings[part] else {
      return canonical
    }
    return spelling + canonical.dropFirst(own.count)
  }
}
