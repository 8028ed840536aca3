import Inputs

/// The tensors of a model's folder: `model.safetensors`, or the shards that
/// `model.safetensors.index.json` lists. Opening reads headers only, no tensor's bytes.
public struct Checkpoint: Sendable {
  public let folder: ModelFolder
  public let shards: [SafetensorsFile]
  /// Names of tensors in the order of shards and bytes.
  public let names: [String]
  /// Findings that are no reason to refuse the checkpoint, one line each.
  public let warnings: [String]
  private let places: [UTF8Key: Place]

  private struct Place {
    var shard: Int
    var entry: SafetensorsEntry
  }

  public static let fileName = "model.safetensors"
  public static let indexName = "model.safetensors.index.json"

  public init(directory: String) throws {
    try self.init(folder: ModelFolder(path: directory))
  }

  /// A single file wins over an index, as in Hugging Face transformers.
  public init(folder: ModelFolder) throws {
    if folder.contains(Self.fileName) {
      let file = try SafetensorsFile(folder.open(Self.fileName))
      let ignored =
        "\(folder.path.printable): \(Self.indexName) and its shards are not read, since there is a "
        + "\(Self.fileName); remove the one that does not belong there"
      try self.init(
        folder: folder, shards: [file], warnings: folder.contains(Self.indexName) ? [ignored] : [])
    } else if folder.contains(Self.indexName) {
      let index = try CheckpointIndex(folder: folder)
      let missing = index.shardNames.filter(folder.lacks)
      guard missing.isEmpty else {
        throw CheckpointError.missingShards(
          missing, of: index.shardNames.count, index: "\(folder.path)/\(Self.indexName)")
      }
      let shards = try index.shardNames.map { try SafetensorsFile(folder.open($0)) }
      try index.check(shards)
      try self.init(folder: folder, shards: shards, warnings: index.warnings(shards))
    } else {
      throw CheckpointError.noWeights(folder: folder.path, contents: folder.contents)
    }
  }

  private init(folder: ModelFolder, shards: [SafetensorsFile], warnings: [String]) throws {
    var names: [String] = []
    var places: [UTF8Key: Place] = [:]
    for (position, shard) in shards.enumerated() {
      for entry in shard.entries where !entry.isPadding {
        let place = Place(shard: position, entry: entry)
        if let other = places.updateValue(place, forKey: UTF8Key(entry.name)) {
          throw CheckpointError.inTwoShards(
            entry.name, shards[other.shard].path, shard.path)
        }
        names.append(entry.name)
      }
    }
    guard names.count <= SafetensorsFile.tensorLimit else {
      throw SafetensorsError(path: folder.path, problem: .tooManyTensors)
    }
    self.folder = folder
    self.shards = shards
    self.names = names
    self.places = places
    self.warnings = warnings
  }

  /// Whether there is an index that is not read, since a single file wins.
  public var ignoresIndex: Bool {
    folder.contains(Self.fileName) && folder.contains(Self.indexName)
  }

  /// Type, shape and place of a tensor.
  public func entry(named name: String) -> SafetensorsEntry? {
    places[UTF8Key(name)]?.entry
  }

  /// The values of a tensor, lent from the mapped file; nil when there is none of this name.
  public func tensor(named name: String) throws -> TensorData? {
    guard let place = places[UTF8Key(name)] else { return nil }
    return try shards[place.shard].tensor(place.entry)
  }
}
