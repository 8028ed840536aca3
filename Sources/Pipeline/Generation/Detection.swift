/// One object that the model has found: what it calls it and where it is.
public struct Detection: Sendable, Equatable {
  public var label: String
  /// As fractions of the picture's width (x) and height (y).
  public var box: Box
  /// The 16 codes of the object's mask, each 0…127, when the model gave them.
  public var segmentation: [Int]?

  public init(label: String, box: Box, segmentation: [Int]? = nil) {
    self.label = label
    self.box = box
    self.segmentation = segmentation
  }

  /// Left, top, right and bottom edges.
  public struct Box: Sendable, Equatable {
    public var x1, y1, x2, y2: Double

    public init(x1: Double, y1: Double, x2: Double, y2: Double) {
      (self.x1, self.y1, self.x2, self.y2) = (x1, y1, x2, y2)
    }

    /// The box in the pixels of a picture.
    public func scaled(width: Int, height: Int) -> Box {
      let (width, height) = (Double(width), Double(height))
      return Box(x1: x1 * width, y1: y1 * height, x2: x2 * width, y2: y2 * height)
    }
  }
}
