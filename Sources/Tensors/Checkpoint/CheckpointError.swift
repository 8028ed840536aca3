import Inputs
import JSON

/// What is wrong with the set of files that make a checkpoint. The description is one printable
/// line that begins with the file or folder.
public enum CheckpointError: Error, Equatable, Sendable {
  /// What the folder holds instead, as `ModelFolder.contents` says it.
  case noWeights(folder: String, contents: String?)
  case index(path: String, JSONError)
  /// Of so many files that the index lists, these are not there.
  case missingShards([String], of: Int, index: String)
  /// Listed in the index, absent from its shard.
  case missing(String, shard: String)
  /// In a shard, but the index does not list it there.
  case unlisted(String, shard: String, index: String)
  case inTwoShards(String, String, String)
}

extension CheckpointError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noWeights(let folder, let contents?):
      "\(folder.printable): there is no \(Checkpoint.fileName); it holds \(contents)"
    case .noWeights(let folder, nil):
      "\(folder.printable): there is neither \(Checkpoint.fileName) nor \(Checkpoint.indexName);"
        + " convert other formats with Hugging Face transformers' save_pretrained"
    case .index(let path, let error):
      "\(path.printable): \(error)"
    case .missingShards(let names, let count, let index):
      "\(index.printable): missing from the folder: \(names.count) of the \(count) files that it lists, "
        + "\(names[0].printable) first; download the whole folder"
    case .missing(let tensor, let shard):
      "\(shard.printable): tensor \"\(tensor.printable)\" is missing, though the index lists it here"
    case .unlisted(let tensor, let shard, let index):
      "\(index.printable): tensor \"\(tensor.printable)\" of \(shard.printable) is not listed for it"
    case .inTwoShards(let tensor, let first, let second):
      "\(second.printable): tensor \"\(tensor.printable)\" is also in \(first.printable)"
    }
  }
}
