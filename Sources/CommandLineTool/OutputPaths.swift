import Glibc
import Interchange
import Inputs
import PaliGraph
import Tensors

/// Checks on where output goes, made before any work.
enum OutputPaths {
  /// Throws unless a file can be written to every path and no output takes the place of an input or
  /// of another output. Leaves nothing behind.
  static func check(_ outputs: [String], inputs: [String]) throws {
    for path in outputs { _ = try AtomicFile(path: path) }
    try checkDistinct(outputs, inputs: inputs)
  }

  /// The second half of `check`, for outputs whose directory may still have to be made.
  static func checkDistinct(_ outputs: [String], inputs: [String]) throws {
    let read = Set(inputs.map(FileIdentity.init))
    var written: Set<FileIdentity> = []
    for path in outputs {
      let identity = FileIdentity(path)
      guard !read.contains(identity) else {
        throw FileError(path, "this output would replace an input; choose another name")
      }
      guard written.insert(identity).inserted else {
        throw FileError(path, "two outputs would be this file; choose another name")
      }
    }
  }

  /// Endings of what this program writes. A file with one of them in a model's directory is no part of
  /// the model, and may be written anew.
  private static let ownEndings = [".plan", ".pg", ".npy"] + DrawingFormat.suffixes

  /// What a command reads that is given this plan or model: the file, with those beside it that an
  /// ONNX model names, or the files in the directory.
  static func inputs(of model: String) -> [String] {
    let files = ModelSource.files(of: model)
    if files == [model] {
      return files + (model.hasSuffix(".onnx") ? ImportedONNX.externalFiles(of: model) : [])
    }
    return files.filter { file in !ownEndings.contains { file.hasSuffix($0) } }
  }

  /// Makes a directory unless it is there, and takes it back when `body` fails and left nothing in it.
  static func withDirectory(_ path: String, _ body: () throws -> Void) throws {
    let isNew = try makeDirectory(path)
    do { try body() } catch {
      if isNew { rmdir(path.systemPath) }
      throw error
    }
  }

  /// Makes a directory unless it is there. Returns whether it made it.
  @discardableResult
  static func makeDirectory(_ path: String) throws -> Bool {
    var status = stat()
    if mkdir(path.systemPath, 0o777) == 0 { return true }
    let code = errno
    guard code == EEXIST, stat(path.systemPath, &status) == 0, status.st_mode & S_IFMT == S_IFDIR
    else {
      throw FileError(path, "cannot be made a directory: \(String(cString: strerror(code)))")
    }
    return false
  }

  static func write(_ bytes: [UInt8], to path: String) throws {
    var file = try AtomicFile(path: path)
    try file.write(bytes)
    try file.commit()
  }
}

/// Two paths with the same identity lead to one file, or would.
private enum FileIdentity: Hashable {
  case file(device: UInt, node: UInt)
  /// A name that is free in a directory.
  case free(device: UInt, directory: UInt, name: String)
  /// Somewhere in a directory that is not there.
  case nowhere(path: String)

  init(_ path: String) {
    var status = stat()
    if stat(path.systemPath, &status) == 0 {
      self = .file(device: UInt(status.st_dev), node: UInt(status.st_ino))
      return
    }
    let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    let directory = slash.map { path[...$0] } ?? "./"
    if stat(String(directory).systemPath, &status) == 0 {
      let name = slash.map { path[path.utf8.index(after: $0)...] } ?? path[...]
      self = .free(
        device: UInt(status.st_dev), directory: UInt(status.st_ino), name: String(name))
    } else {
      self = .nowhere(path: path)
    }
  }
}

extension Int {
  /// `1 step`, `2 steps`.
  func counting(_ noun: String) -> String { self == 1 ? "1 \(noun)" : "\(self) \(noun)s" }

  /// `12.3 MB` of a count of bytes.
  var inMegabytes: String { "\((Double(self) / 1e6).formatted(decimals: 1)) MB" }
}

extension Double {
  /// Decimal digits as C's `%.Nf` writes them.
  func formatted(decimals: Int) -> String {
    let scale = pow(10, Double(decimals))
    let scaled = (self * scale).rounded()
    guard scaled.isFinite, scaled.magnitude < 1e15 else { return "\(self)" }
    let digits = String(Int(scaled.magnitude))
    if decimals == 0 { return (scaled < 0 ? "-" : "") + digits }
    let padded = String(repeating: "0", count: max(decimals + 1 - digits.count, 0)) + digits
    return (scaled < 0 ? "-" : "") + padded.dropLast(decimals) + "." + padded.suffix(decimals)
  }
}

/// Time since it was made.
struct Stopwatch {
  private let start = ContinuousClock.now

  var seconds: Double {
    let (seconds, attoseconds) = start.duration(to: .now).components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }

  /// `1.23 s`
  var text: String { "\(seconds.formatted(decimals: 2)) s" }
}
