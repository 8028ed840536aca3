import Inputs
import JSON

/// `model.safetensors.index.json`: which tensor is in which shard.
struct CheckpointIndex {
  /// In file order, each once.
  let shardNames: [String]
  private let path: String
  private let shardOfTensor: [(tensor: String, shard: Int)]
  private let totalSize: Int?

  static let byteLimit = 32 << 20
  static let shardLimit = 1024

  init(folder: ModelFolder) throws {
    let file = try folder.open(Checkpoint.indexName)
    path = file.path
    do throws(JSONError) {
      let limits = JSON.Limits(bytes: Self.byteLimit, values: 1 << 20)
      let root = JSONField(try JSON.parse(file, limits: limits))
      var names: [String] = []
      var positions: [UTF8Key: Int] = [:]
      var shardOfTensor: [(tensor: String, shard: Int)] = []
      let map = try root.member("weight_map")
      for (tensor, field) in try map.members() {
        let shard = try field.string()
        let position = positions[UTF8Key(shard)] ?? names.count
        if position == names.count {
          guard position < Self.shardLimit else {
            throw map.unexpected("at most \(Self.shardLimit) different files")
          }
          positions[UTF8Key(shard)] = position
          names.append(shard)
        }
        shardOfTensor.append((tensor, position))
      }
      guard !names.isEmpty else { throw map.unexpected("at least one tensor") }
      self.shardNames = names
      self.shardOfTensor = shardOfTensor
      totalSize = try? root.member("metadata").member("total_size").int()
    } catch {
      throw CheckpointError.index(path: path, error)
    }
  }

  /// Throws unless every listed tensor is in its shard and every shard's tensor is listed.
  func check(_ shards: [SafetensorsFile]) throws(CheckpointError) {
    var listed = shards.map { _ in Set<UTF8Key>() }
    for (tensor, shard) in shardOfTensor {
      guard shards[shard].entry(named: tensor) != nil else {
        throw .missing(tensor, shard: shards[shard].path)
      }
      listed[shard].insert(UTF8Key(tensor))
    }
    for (shard, listed) in zip(shards, listed) {
      for entry in shard.entries where !entry.isPadding && !listed.contains(UTF8Key(entry.name)) {
        throw .unlisted(entry.name, shard: shard.path, index: path)
      }
    }
  }

  /// A wrong total size is common in files that were edited, and harmless.
  func warnings(_ shards: [SafetensorsFile]) -> [String] {
    let found = shards.flatMap(\.entries).reduce(0) { $0 + $1.range.count }
    guard let totalSize, totalSize != found else { return [] }
    return ["\(path.printable): total_size is \(totalSize), but the shards hold \(found) bytes"]
  }
}
