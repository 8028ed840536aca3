import Inputs
import JSON
import Tensors

/// What is wrong with a processor configuration file.
public struct ImageProcessorConfigError: Error, Sendable, Equatable, CustomStringConvertible {
  public var path: String
  public var problem: JSONError

  public var description: String { "\(path.printable): \(problem)" }
}

extension ImageProcessorSettings {
  private static let fileLimits = JSON.Limits(bytes: 1 << 20)

  /// Reads a checkpoint's configuration as transformers does: `image_processor` of
  /// `processor_config.json` if there is such a member, else `preprocessor_config.json`.
  ///
  /// - Returns: nil when the directory has neither.
  /// - Throws: `ImageProcessorConfigError`, `ModelFolderError`.
  public static func read(directory: String) throws -> ImageProcessorSettings? {
    let folder = try ModelFolder(path: directory)
    return try settings(in: "processor_config.json", of: folder, member: "image_processor")
      ?? settings(in: "preprocessor_config.json", of: folder, member: nil)
  }

  /// The settings in a file, or in one member of it; nil when the file or the member is absent.
  private static func settings(
    in name: String, of folder: ModelFolder, member: String?
  ) throws -> ImageProcessorSettings? {
    guard folder.contains(name) else { return nil }
    do {
      let file = JSONField(
        try JSON.parse(folder.open(name), limits: fileLimits, dialect: .python))
      guard let member else { return try ImageProcessorSettings(file) }
      guard let field = try file.member(member).present else { return nil }
      return try ImageProcessorSettings(field)
    } catch let error as JSONError {
      throw ImageProcessorConfigError(path: "\(folder.path)/\(name)", problem: error)
    }
  }
}
