import CImageCodecs

extension RGBImage {
  /// The picture squashed to a size, equal to the last bit to Pillow 13's
  /// `image.resize((width, height), filter)`.
  ///
  /// The axes are resampled one after the other, each rounding to 8 bits; an axis that keeps its
  /// length is not resampled.
  /// - Precondition: `width` and `height` are positive.
  public func resized(width: Int, height: Int, filter: ResampleFilter) -> RGBImage {
    precondition(width > 0 && height > 0, "a picture has at least one pixel")
    if filter == .nearest { return nearest(width: width, height: height) }
    let lostRows = self.height - height
    let lostColumns = self.width - width
    // Pillow's rule; the order shows in the result because of the rounding in between.
    if lostRows > 0 && lostRows > 2 * lostColumns {
      return resized(height: height, filter).resized(width: width, filter)
    }
    return resized(width: width, filter).resized(height: height, filter)
  }

  /// Every pixel is the one of this picture that its centre falls on.
  private func nearest(width newWidth: Int, height newHeight: Int) -> RGBImage {
    let columns = Self.nearestPositions(from: width, to: newWidth)
    let rows = Self.nearestPositions(from: height, to: newHeight)
    return filled(width: newWidth, height: newHeight) { input, output in
      var target = output
      for row in rows {
        for column in columns {
          target.update(from: input + (row * width + column) * Self.channels, count: Self.channels)
          target += Self.channels
        }
      }
    }
  }

  /// Positions along one axis. Pillow adds the scale up from pixel to pixel, and its rounding shows.
  private static func nearestPositions(from inputLength: Int, to outputLength: Int) -> [Int] {
    let scale = Double(inputLength) / Double(outputLength)
    var center = scale * 0.5
    return (0..<outputLength).map { _ in
      defer { center += scale }
      return min(Int(center), inputLength - 1)
    }
  }

  private func resized(width newWidth: Int, _ filter: ResampleFilter) -> RGBImage {
    if newWidth == width { return self }
    let axis = ResampleWeights(from: width, to: newWidth, filter: filter)
    let perChannel = axis.weights.flatMap { repeatElement($0, count: Self.channels) }
    let (inputStride, outputStride) = (width * Self.channels, newWidth * Self.channels)
    return filled(width: newWidth, height: height) { input, output in
      for y in 0..<height {
        cimage_resample_row(
          input + y * inputStride, output + y * outputStride, newWidth, axis.starts, axis.counts,
          perChannel)
      }
    }
  }

  private func resized(height newHeight: Int, _ filter: ResampleFilter) -> RGBImage {
    if newHeight == height { return self }
    let axis = ResampleWeights(from: height, to: newHeight, filter: filter)
    let stride = width * Self.channels
    return filled(width: width, height: newHeight) { input, output in
      axis.weights.withUnsafeBufferPointer { weights in
        guard var taps = weights.baseAddress else { return }
        for y in 0..<newHeight {
          let count = Int(axis.counts[y])
          cimage_resample_column(
            input + Int(axis.starts[y]) * stride, output + y * stride, stride, taps, count)
          taps += count
        }
      }
    }
  }

  /// A picture of the given size whose every byte `fill` writes, reading this picture's.
  private func filled(
    width: Int, height: Int,
    _ fill: (_ input: UnsafePointer<UInt8>, _ output: UnsafeMutablePointer<UInt8>) -> Void
  ) -> RGBImage {
    let count = width * height * Self.channels
    let result = [UInt8](unsafeUninitializedCapacity: count) { output, initialized in
      pixels.withUnsafeBufferPointer { input in
        // Neither picture is empty, so both have addresses.
        guard let input = input.baseAddress, let output = output.baseAddress else { return }
        fill(input, output)
        initialized = count
      }
    }
    return RGBImage(width: width, height: height, pixels: result)
  }
}
