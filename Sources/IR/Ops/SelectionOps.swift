import Tensors

/// Operations that find as many rows as the data have.
enum SelectionOps {
  static let all: [OpDefinition] = [nonzero, nonMaxSuppression]

  static let nonzero = OpDefinition(
    "nonzero", .data, "the indices of all elements of x but 0, one row for each, row-major",
    operands: [.required("x")], attributes: [.required("count", .dimension)],
    infer: { site in
      let x = try site.type(0)
      _ = try site.measuredSymbol()
      return [TensorType(.i64, [try site.dimension("count"), Dim(x.rank)])]
    },
    measure: { evaluation in try evaluation.input(0).values.count { $0 != 0 } }
  ) { evaluation in
    let x = try evaluation.input(0)
    let places = x.values.indices.filter { x.values[$0] != 0 }
    let strides = x.strides
    return evaluation.result(
      places.flatMap { place in
        x.shape.indices.map { Double(place / strides[$0] % x.shape[$0]) }
      })
  }

  static let nonMaxSuppression = OpDefinition(
    "non_max_suppression", .data,
    "rows (batch, class, box) of the boxes that are kept, for each batch and class the best first: up to "
      + "limit, with scores above score_threshold, whose overlap (intersection over union) with no "
      + "better one that is kept exceeds iou_threshold; boxes are corners (y, x, y, x), or centres (x, y, "
      + "width, height) if centered",
    operands: [.required("boxes"), .required("scores")],
    attributes: [
      .required("count", .dimension), .required("limit", .integer),
      .required("iou_threshold", .real), .optional("score_threshold", .real),
      .defaulted("centered", .flag, .flag(false)),
    ],
    infer: { site in
      let (boxes, scores) = (try OpRules.floating(site, 0), try OpRules.floating(site, 1))
      try site.require(
        boxes.rank == 3 && scores.rank == 3 && boxes.shape[2] == 4
          && boxes.shape[0] == scores.shape[0] && boxes.shape[1] == scores.shape[2],
        "boxes has type \(boxes) and scores \(scores), expected [batch, boxes, 4] and "
          + "[batch, classes, boxes]")
      _ = try site.measuredSymbol()
      return [TensorType(.i64, [try site.dimension("count"), 3])]
    },
    measure: { try kept($0).count }
  ) { evaluation in
    evaluation.result(try kept(evaluation).flatMap { $0.map(Double.init) })
  }

  private static func kept(_ evaluation: Evaluation) throws -> [[Int]] {
    let (boxes, scores) = (try evaluation.input(0), try evaluation.input(1))
    let site = evaluation.site
    let (limit, overlap) = (try site.integer("limit"), try site.real("iou_threshold"))
    let least = site.attribute("score_threshold")?.real ?? -.infinity
    let isCentered = try site.flag("centered")
    let (classes, count) = (scores.shape[1], scores.shape[2])
    let rectangles = (0..<boxes.count / 4).map {
      Rectangle(Array(boxes.values[4 * $0..<4 * $0 + 4]), isCentered)
    }
    var rows: [[Int]] = []
    for batch in 0..<scores.shape[0] {
      for kind in 0..<classes {
        let values = scores.values[
          (batch * classes + kind) * count..<(batch * classes + kind + 1) * count]
        let own = Array(values)
        let order = own.indices.filter {
          !own[$0].isNaN && (own[$0] > least || least == -.infinity)
        }.sorted {
          own[$0] == own[$1] ? $0 < $1 : own[$0] > own[$1]
        }
        var kept: [Int] = []
        for box in order where kept.count < limit {
          let rectangle = rectangles[batch * count + box]
          if kept.allSatisfy({ rectangle.overlap(rectangles[batch * count + $0]) <= overlap }) {
            kept.append(box)
          }
        }
        rows += kept.map { [batch, kind, $0] }
      }
    }
    return rows
  }

  private struct Rectangle {
    let low: (Double, Double)
    let high: (Double, Double)

    init(_ values: [Double], _ isCentered: Bool) {
      if isCentered {
        low = (values[0] - values[2] / 2, values[1] - values[3] / 2)
        high = (values[0] + values[2] / 2, values[1] + values[3] / 2)
      } else {
        low = (min(values[0], values[2]), min(values[1], values[3]))
        high = (max(values[0], values[2]), max(values[1], values[3]))
      }
    }

    private var area: Double { (high.0 - low.0) * (high.1 - low.1) }

    func overlap(_ other: Rectangle) -> Double {
      let width = min(high.0, other.high.0) - max(low.0, other.low.0)
      let height = min(high.1, other.high.1) - max(low.1, other.low.1)
      guard width > 0, height > 0 else { return 0 }
      return width * height / (area + other.area - width * height)
    }
  }
}
