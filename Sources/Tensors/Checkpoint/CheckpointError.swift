import JSON

/// What is wrong with the set of files that make a checkpoint. The description is one printable
/// line that begins with the file or folder.
public enum CheckpointError: Error, Equatable, Sendable {
  case noWeights(folder: String)
  case index(path: String, JSONError)
  /// Listed in the index, absent from its shard.
  case missing(String, shard: String)
  /// In a shard, but the index does not list it there.
  case unlisted(String, shard: String, index: String)
  case inTwoShards(String, String, String)
}

extension CheckpointError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noWeights(let folder):
      "\(folder.printable): there is neither \(Checkpoint.fileName) nor \(Checkpoint.indexName);"
        + " convert other formats with Hugging Face transformers' save_pretrained"
    case .index(let path, let error):
      "\(path.printable): \(error)"
    case .missing(let tensor, let shard):
      "\(shard.printable): tensor \"\(tensor.printable)\" is missing, though the index lists it here"
    case .unlisted(let tensor, let shard, let index):
      "\(index.printable): tensor \"\(tensor.printable)\" of \(shard.printable) is not listed for it"
    case .inTwoShards(let tensor, let first, let second):
      "\(second.printable): tensor \"\(tensor.printable)\" is also in \(first.printable)"
    }
  }
}
