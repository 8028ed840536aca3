import Foundation
import JSON
import Testing

@testable import Pipeline

@Suite struct ImageProcessorTests {
  private static func settings(_ json: String) throws(JSONError) -> ImageProcessorSettings {
    let limits = JSON.Limits(bytes: 1 << 16)
    return try ImageProcessorSettings(JSONField(try JSON.parse(json, limits: limits)))
  }

  /// The size of the noise picture is in the file's name: `NAME_WxH.json`.
  @Test(arguments: ImageFixtures.names(in: "pixel_values", ["json"]))
  func `gives the bits that transformers gives`(name: String) throws {
    let json = try String(decoding: ImageFixtures.bytes("pixel_values/\(name)"), as: UTF8.self)
    let size = name.split { !$0.isNumber }.compactMap { Int($0) }
    try #require(size.count == 2)
    let processor = ImageProcessor(try Self.settings(json))
    let values = try processor.pixelValues(of: ImageFixtures.noise(width: size[0], height: size[1]))
    let expected = try ImageFixtures.floats(
      "pixel_values/" + name.replacing(".json", with: ".f32"))
    #expect(values.count == processor.shape.reduce(1, *))
    #expect(values.map(\.bitPattern) == expected.map(\.bitPattern))
  }

  @Test func `missing and null fields take the defaults of transformers`() throws {
    let settings = try Self.settings(#"{"size": null, "image_mean": null, "resample": null}"#)
    #expect(settings == ImageProcessorSettings())
    #expect((settings.width, settings.height, settings.filter) == (224, 224, .bicubic))
  }

  @Test func `the tokens of a picture are read for the model to check`() throws {
    #expect(try Self.settings(#"{"image_seq_length": 256}"#).imageTokenCount == 256)
    #expect(throws: JSONError.self) { try Self.settings(#"{"image_seq_length": "256"}"#) }
  }

  @Test(arguments: [
    "{}", #"{"do_resize": false}"#, #"{"do_rescale": false, "image_std": 0.25}"#,
    #"{"do_normalize": false, "resample": 2, "size": {"height": 7, "width": 9}}"#,
    #"{"image_mean": [0.485, 0.456, 0.406], "rescale_factor": 0.5}"#,
  ])
  func `settings survive JSON`(json: String) throws {
    let settings = try Self.settings(json)
    #expect(try Self.settings(settings.json.encoded()) == settings)
  }

  @Test(arguments: [
    (#"[]"#, "the top level"),
    (#"{"size": 0}"#, "size"), (#"{"size": 22.5}"#, "size"), (#"{"size": "224"}"#, "size"),
    (#"{"size": [224]}"#, "size"), (#"{"size": [224, 0]}"#, "size[1]"),
    (#"{"size": {"shortest_edge": 224}}"#, "size.height"),
    (#"{"size": {"height": 0, "width": 224}}"#, "size.height"),
    (#"{"size": {"height": 224, "width": -1}}"#, "size.width"),
    (#"{"size": {"height": 224, "width": 2.5}}"#, "size.width"),
    (#"{"size": {"height": 1000000, "width": 224}}"#, "size.height"),
    (#"{"resample": 99}"#, "resample"),
    (#"{"resample": "cubic"}"#, "resample"), (#"{"resample": 2.0}"#, "resample"),
    (#"{"image_std": [0.5, 0, 0.5]}"#, "image_std[1]"),
    (#"{"image_std": 1e-300}"#, "image_std"),
    (#"{"image_mean": [0.5, 0.5]}"#, "image_mean"),
    (#"{"image_mean": [0.5, 0.5, "x"]}"#, "image_mean[2]"),
    (#"{"rescale_factor": 0}"#, "rescale_factor"),
    (#"{"rescale_factor": "NaN"}"#, "rescale_factor"),
    (#"{"do_resize": 1}"#, "do_resize"),
    (#"{"do_center_crop": true}"#, "do_center_crop"),
    (#"{"do_pad": true}"#, "do_pad"),
    (#"{"image_processor_type": "CLIPImageProcessor"}"#, "image_processor_type"),
  ])
  func `an impossible setting names its field`(json: String, field: String) {
    let error = #expect(throws: JSONError.self) { try Self.settings(json) }
    #expect(error.map { "\($0)".hasPrefix(field) } == true)
  }

  @Test(
    arguments: [
      ("0", .nearest), ("1", .lanczos), ("2", .bilinear), ("3", .bicubic), ("4", .box),
      ("5", .hamming),
      (#""lanczos""#, .lanczos), (#""BICUBIC""#, .bicubic), (#""PIL.Image.NEAREST""#, .nearest),
      (#""Resampling.HAMMING""#, .hamming), (#""PIL.Image.Resampling.BOX""#, .box),
    ] as [(String, ResampleFilter)])
  func `every filter of Pillow has a number and a name`(value: String, filter: ResampleFilter)
    throws
  {
    #expect(try Self.settings("{\"resample\": \(value)}").filter == filter)
  }

  @Test func `a size is an object, a list of height and width, or a side`() throws {
    let list = try Self.settings(#"{"size": [10, 20]}"#)
    #expect(list.height == 10 && list.width == 20)
    let square = try Self.settings(#"{"size": 30}"#)
    #expect(square.height == 30 && square.width == 30)
  }

  @Test func `without resizing, a picture of another size is an error`() throws {
    let processor = ImageProcessor(
      try Self.settings(#"{"do_resize": false, "size": {"height": 4, "width": 6}}"#))
    let error = #expect(throws: ImageError.self) {
      try processor.pixelValues(of: ImageFixtures.noise(width: 4, height: 6))
    }
    let expected = ImageError(.wrongSize(4, 6, expectedWidth: 6, expectedHeight: 4))
    #expect(error == expected)
  }
}

/// Which file of a checkpoint is read.
@Suite struct ImageProcessorFileTests {
  private static let plain = #"{"size": {"height": 10, "width": 20}}"#
  private static let nested = #"{"image_processor": {"size": {"height": 30, "width": 40}}}"#

  @Test(
    arguments: [
      ([:], nil),
      (["preprocessor_config.json": plain], 20),
      (["processor_config.json": nested], 40),
      (["preprocessor_config.json": plain, "processor_config.json": nested], 40),
      (["preprocessor_config.json": plain, "processor_config.json": "{}"], 20),
    ] as [([String: String], Int?)])
  func `the nested configuration wins`(files: [String: String], width: Int?) throws {
    try withDirectory(files) { directory in
      let settings = try ImageProcessorSettings.read(directory: directory)
      #expect(settings?.width == width)
    }
  }

  @Test func `a file may have a megabyte`() throws {
    let most = 1 << 20
    let longest = Self.plain + String(repeating: " ", count: most - Self.plain.utf8.count)
    try withDirectory(["preprocessor_config.json": longest]) { directory in
      let settings = try ImageProcessorSettings.read(directory: directory)
      #expect(settings?.width == 20)
    }
    try withDirectory(["preprocessor_config.json": longest + " "]) { directory in
      let error = #expect(throws: ImageProcessorConfigError.self) {
        try ImageProcessorSettings.read(directory: directory)
      }
      #expect(error?.problem == .tooLarge(bytes: most + 1, limit: most))
    }
  }

  @Test func `an error names the file and the field`() throws {
    try withDirectory(["preprocessor_config.json": #"{"resample": 6}"#]) { directory in
      let error = #expect(throws: ImageProcessorConfigError.self) {
        try ImageProcessorSettings.read(directory: directory)
      }
      let message = error.map { "\($0)" } ?? ""
      #expect(
        message.contains(
          "preprocessor_config.json: resample: expected one of 0 (nearest), 1 (lanczos)"))
    }
  }

  /// Calls `body` with a directory that holds the files and is then removed.
  private func withDirectory(_ files: [String: String], _ body: (String) throws -> Void) throws {
    let directory = FileManager.default.temporaryDirectory
      .appending(path: "processor-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    for (name, text) in files {
      try Data(text.utf8).write(to: directory.appending(path: name))
    }
    try body(directory.path)
  }
}
