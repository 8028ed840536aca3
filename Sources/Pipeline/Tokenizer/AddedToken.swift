/// A piece of text that is matched before anything else is tokenized, with Hugging Face's flags.
struct AddedToken: Sendable, Equatable {
  /// UTF-8, never empty.
  var content: [UInt8]
  var id: Int32
  /// Left out of decoded text, and plain text when a caller asks for it.
  var special = false
  /// Matched in normalized text (spaces replaced) instead of the text as given.
  var normalized = false
  /// White space before the match belongs to it.
  var stripsLeft = false
  /// White space after the match belongs to it.
  var stripsRight = false
  /// Only matched when no word character stands next to it.
  var singleWord = false

  /// Longest content that is accepted: matching costs at most this much per byte of text.
  static let longestContent = 256
}
