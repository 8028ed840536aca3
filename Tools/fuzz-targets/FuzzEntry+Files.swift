import JSON
import Models
import Tensors

extension FuzzEntry {
  /// Tensors up to this size are read whole.
  private static let elementLimit = 1 << 12

  static let safetensors = FuzzEntry("safetensors") { folder in
    { bytes in
      let file = try SafetensorsFile(path: folder.write(bytes, as: "model.safetensors"))
      for entry in file.entries {
        let tensor = try file.tensor(named: entry.name)
        require(tensor.shape == entry.shape, "a tensor has the shape that its entry says")
        if tensor.elementCount <= elementLimit { touch(tensor) }
      }
      _ = file.metadata.map { file.metadata($0.key) }
      plantedBug(when: file.entries.contains { !["a", "b", "w"].contains($0.name) })
    }
  }

  static let npy = FuzzEntry("npy") { folder in
    { bytes in
      let tensor = try NPYFile.read(path: folder.write(bytes, as: "a.npy"))
      if tensor.elementCount <= elementLimit { touch(tensor) }
      plantedBug(when: tensor.elementType != .f32)
    }
  }

  /// An index over two shards with the tensors `a` and `b`.
  static let index = FuzzEntry("index") { folder in
    for name in ["a", "b"] {
      let layout = try SafetensorsLayout([.init(name, .f32, shape: [1])], metadata: [])
      var writer = try SafetensorsWriter(
        path: "\(folder.path)/\(name).safetensors", layout: layout)
      try writer.append(TensorData([Float(1)]), to: name)
      try writer.finish()
    }
    return { bytes in
      try folder.write(bytes, as: Checkpoint.indexName)
      let checkpoint = try Checkpoint(directory: folder.path)
      for name in checkpoint.names {
        if let tensor = try checkpoint.tensor(named: name) { touch(tensor) }
      }
      plantedBug(when: !checkpoint.warnings.isEmpty)
    }
  }

  /// `config.json` of either kind of model, and the tensors that it needs.
  static let config = FuzzEntry("config") { folder in
    { bytes in
      try folder.write(bytes, as: "config.json")
      let model = try ModelFolder(path: folder.path)
      switch try ModelKind(folder: model) {
      case .paligemma:
        let config = try PaliGemmaConfig(folder: model)
        guard config.text.layers.count + config.vision.layerCount <= 64 else { return }
        _ = config.expectedTensors
        plantedBug(when: config.vision.layerCount == 3)
      case .siglip:
        let config = try SiglipConfig(folder: model)
        guard config.text.layerCount + config.vision.layerCount <= 64 else { return }
        _ = config.expectedTensors
      }
    }
  }

  static let json = FuzzEntry("json") { _ in
    { bytes in
      let limits = JSON.Limits(bytes: 1 << 20, depth: 64, values: 1 << 16)
      let value = try JSON.parse(bytes, limits: limits)
      let again = try JSON.parse(value.encoded(), limits: limits)
      require(value == again, "what was read is written so that it reads the same")
      if case .array(let elements) = value["a"]?["b"] { plantedBug(when: elements.count == 3) }
    }
  }

  /// Reads every element, as numbers and as bytes.
  static func touch(_ tensor: TensorData) {
    tensor.withUnsafeBytes { bytes in
      require(bytes.count == tensor.byteCount, "a tensor has the bytes that its shape takes")
      blackHole(bytes.reduce(0) { $0 &+ Int($1) })
    }
  }
}
