/// One tensor of a safetensors file, as its header describes it.
public struct SafetensorsEntry: Sendable, Equatable {
  /// Compare names by their bytes.
  public let name: String
  public let elementType: ElementType
  public let shape: [Int]
  /// Where the bytes are, from the start of the file.
  public let range: Range<Int>

  /// Tensors of this prefix hold no values: `SafetensorsLayout` fills gaps with them.
  static let paddingPrefix = "__pad."

  public var isPadding: Bool { name.hasPrefix(Self.paddingPrefix) }
}
