import Glibc
import JSON

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
  public static func read(
    directory: String
  ) throws(ImageProcessorConfigError) -> ImageProcessorSettings? {
    if let settings = try settings(
      in: "\(directory)/processor_config.json", member: "image_processor")
    {
      return settings
    }
    return try settings(in: "\(directory)/preprocessor_config.json", member: nil)
  }

  /// The settings in a file, or in one member of it; nil when the file or the member is absent.
  private static func settings(
    in path: String, member: String?
  ) throws(ImageProcessorConfigError) -> ImageProcessorSettings? {
    do throws(JSONError) {
      let file = JSONField(try JSON.parse(path: path, limits: fileLimits))
      guard let member else { return try ImageProcessorSettings(file) }
      guard let field = try file.member(member).present else { return nil }
      return try ImageProcessorSettings(field)
    } catch .unreadable(let error) where error.problem == .system(errno: ENOENT) {
      return nil
    } catch {
      throw ImageProcessorConfigError(path: path, problem: error)
    }
  }
}
