import Glibc
import Inputs
import Synchronization
import Tensors

/// The files beside a model that hold its large tensors, each mapped once.
///
/// A location must be a relative path that stays in the model's folder, with symbolic links followed
/// (`ModelFolder`). Links into the blobs of the same repository of the Hugging Face cache are fine, as
/// that cache consists of links.
final class ExternalFiles: Sendable {
  private let folder: String
  private let mapped = Mutex<[UTF8Key: MappedFile]>([:])

  init(beside model: String) {
    let end = model.utf8.lastIndex(of: UInt8(ascii: "/"))
    folder = end.map { String(model[..<$0]) + "/" } ?? "."
  }

  /// Where an external tensor stands, from the entries of its `external_data`.
  func place(
    _ entries: [(key: String, value: String)], byteCount: Int, of tensor: String
  ) throws -> (file: MappedFile, range: Range<Int>) {
    func problem(_ text: String) -> ONNXError {
      ONNXError("tensor \"\(tensor.printable)\": its external data \(text)")
    }
    func entry(_ key: String) throws -> String? {
      let values = entries.filter { $0.key == key }.map(\.value)
      guard values.count <= 1 else { throw problem("have \(key) twice") }
      return values.first
    }
    func number(_ key: String) throws -> Int? {
      guard let text = try entry(key) else { return nil }
      guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
        let value = Int(text)
      else { throw problem("have \(key) \"\(text.printable)\", which is no whole number") }
      return value
    }
    guard let location = try entry("location") else { throw problem("have no location") }
    let file = try file(at: location, problem)
    let offset = try number("offset") ?? 0
    guard offset <= file.byteCount else {
      throw problem("begin at byte \(offset) of the \(file.byteCount) of \(file.path.printable)")
    }
    let length = try number("length") ?? file.byteCount - offset
    guard length <= file.byteCount - offset else {
      throw problem("reach beyond the \(file.byteCount) bytes of \(file.path.printable)")
    }
    guard length == byteCount else {
      throw problem("have \(length) bytes, but shape and type take \(byteCount)")
    }
    return (file, offset..<offset + length)
  }

  private func file(at location: String, _ problem: (String) -> ONNXError) throws -> MappedFile {
    if let file = mapped.withLock({ $0[UTF8Key(location)] }) { return file }
    let steps = location.split(separator: "/", omittingEmptySubsequences: false)
    guard location.utf8.count <= 4096,
      steps.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && !$0.contains("\\") })
    else {
      throw problem(
        "are at \"\(location.printable)\", which is no relative path within the model's folder")
    }
    let file = try open(steps.map(String.init), problem)
    mapped.withLock { $0[UTF8Key(location)] = file }
    return file
  }

  private func open(_ steps: [String], _ problem: (String) -> ONNXError) throws -> MappedFile {
    do {
      let file = try ModelFolder(path: folder).open(steps: steps)
      var status = stat()
      // A second name may stand outside the folder.
      guard fstat(file.descriptor, &status) == 0, status.st_nlink <= 1 else {
        throw problem("are in \(file.path.printable), which has several names; copy it")
      }
      return try MappedFile(file)
    } catch let error as ModelFolderError {
      throw problem("cannot be opened: \(error)")
    } catch let error as InputFileError {
      throw problem("are in \(error.path.printable): \(error)")
    }
  }
}
