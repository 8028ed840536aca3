/// Where a value stands among the layers of a model, read from its name: `layers.3.mlp.fc1` is in
/// layer `layers.3`.
struct NameScope {
  /// The layer: everything up to the first number. Names without one have their first component, if
  /// there is more behind it; nil for a lone name.
  static func layer(of name: String) -> String? {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    if let number = parts.firstIndex(where: { Int($0) != nil }), number > 0,
      // The number of a name that had to be made unique says nothing.
      number < parts.count - 1 || number == 1
    {
      return parts[...number].joined(separator: ".")
    }
    return parts.count > 1 ? String(parts[0]) : nil
  }
}
