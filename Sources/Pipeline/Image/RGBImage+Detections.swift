extension RGBImage {
  /// The picture with every detection's box and label drawn in, one colour per label. Lines and
  /// letters grow with the picture.
  public func drawing(_ detections: [Detection]) -> RGBImage {
    var result = self
    var labels: [String] = []
    for detection in detections {
      let label = detection.label
      let index = labels.firstIndex { $0.utf8.elementsEqual(label.utf8) } ?? labels.endIndex
      if index == labels.endIndex { labels.append(label) }
      result.draw(detection, color: Self.labelColors[index % Self.labelColors.count])
    }
    return result
  }

  /// Colours that stay apart from each other and from most pictures.
  private static let labelColors = [
    RGBColor(230, 25, 75), RGBColor(60, 180, 75), RGBColor(0, 130, 200), RGBColor(255, 225, 25),
    RGBColor(245, 130, 48), RGBColor(145, 30, 180), RGBColor(70, 240, 240), RGBColor(240, 50, 230),
  ]

  private mutating func draw(_ detection: Detection, color: RGBColor) {
    let unit = max(1, min(width, height) / 200)
    let box = detection.box.scaled(width: width, height: height)
    drawBox(x1: box.x1, y1: box.y1, x2: box.x2, y2: box.y2, color: color, lineWidth: 2 * unit)
    guard !detection.label.isEmpty else { return }

    let textWidth = detection.label.unicodeScalars.count * LabelFont.advance * unit
    let labelHeight = (LabelFont.height + 2) * unit
    let boxTop = Self.pixels(from: box.y1, to: box.y2, limit: height).lowerBound
    let boxLeft = Self.pixels(from: box.x1, to: box.x2, limit: width).lowerBound
    // Above the box, or inside it where there is no room above; never cut off on the right if avoidable.
    let top = boxTop >= labelHeight ? boxTop - labelHeight : boxTop
    let left = max(0, min(boxLeft, width - textWidth - unit))
    fill(columns: left..<(left + textWidth + unit), rows: top..<(top + labelHeight), color)
    drawText(
      detection.label, x: left + unit, y: top + unit, color: color.contrasting, scale: unit)
  }
}

extension RGBColor {
  /// Black or white, whichever is easier to read on this colour (luma of ITU-R BT.601).
  fileprivate var contrasting: RGBColor {
    let luma = (299 * Int(red) + 587 * Int(green) + 114 * Int(blue)) / 1000
    return luma > 140 ? RGBColor(0, 0, 0) : RGBColor(255, 255, 255)
  }
}
