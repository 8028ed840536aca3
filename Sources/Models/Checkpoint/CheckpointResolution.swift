import IR
import Inputs
import Tensors

/// Where each tensor of a model stands in its checkpoint.
public struct CheckpointResolution: Sendable, Equatable {
  /// A tensor in the files of a checkpoint.
  public struct Source: Sendable, Equatable {
    public var name: String
    public var elementType: ElementType
    public var shape: [Int]

    public init(name: String, elementType: ElementType, shape: [Int]) {
      self.name = name
      self.elementType = elementType
      self.shape = shape
    }
  }

  /// The source of each expected tensor by its canonical name. In a checkpoint with one table for
  /// embedding and head, both names lead to it.
  public let sources: [String: Source]
  /// Embedding and head share one table.
  public let headIsTied: Bool
  /// Names that nothing reads, in the checkpoint's order.
  public let surplus: [String]

  /// One line about the surplus, nil when there is none.
  public var warning: String? {
    guard let first = surplus.first else { return nil }
    return surplus.count == 1
      ? "1 tensor of the checkpoint is not used: \(first.printable)"
      : "\(surplus.count) tensors of the checkpoint are not used, the first is \(first.printable)"
  }

  /// Tensors of a module for those of the expected ones that were found, stored as they are in the
  /// checkpoint but for f64, which becomes f32.
  func weights(of expected: [ExpectedTensor]) -> [ModuleTensor] {
    expected.compactMap { tensor in
      sources[tensor.name].map { source in
        let type = TensorType(source.storedType, tensor.shape.map { Dim($0) })
        return ModuleTensor(tensor.name, type, .weight)
      }
    }
  }

  /// The values of an expected tensor, lent from the checkpoint's mapped files unless they are f64; nil
  /// when the name is no expected tensor's.
  public func tensor(named canonical: String, in checkpoint: Checkpoint) throws -> TensorData? {
    guard let source = sources[canonical] else { return nil }
    return try checkpoint.tensor(named: source.name)?.converted(to: source.storedType)
  }
}

extension CheckpointResolution.Source {
  /// The type of the weight in a graph: nothing is computed in f64.
  var storedType: ElementType { elementType == .f64 ? .f32 : elementType }
}
