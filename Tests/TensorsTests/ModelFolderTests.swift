import Inputs
import Foundation
import Testing

@testable import Tensors

/// Files are opened in a folder and nowhere else, with and without the system call made for it.
@Suite struct ModelFolderTests {
  /// `secret` and a pipe stand beside the folder `model`.
  private func withFolder(_ body: (ModelFolder) throws -> Void) throws {
    try withTemporaryFolder { parent in
      let model = "\(parent)/model"
      try FileManager.default.createDirectory(
        atPath: "\(model)/sub/deeper", withIntermediateDirectories: true)
      for (name, text) in [
        ("secret", "no"), ("model/a", "1"), ("model/sub/b", "2"), ("model/sub/deeper/c", "3"),
      ] { try Data(text.utf8).write(to: URL(filePath: "\(parent)/\(name)")) }
      for (name, target) in [
        ("out", "../secret"), ("up", ".."), ("in", "sub/b"), ("down", "sub/deeper"),
        ("absolute", "\(parent)/secret"), ("self", "self"), ("pipe-out", "../pipe"), ("gone", "x"),
      ] { #expect(symlink(target, "\(model)/\(name)") == 0) }
      #expect(mkfifo("\(parent)/pipe", 0o600) == 0 && mkfifo("\(model)/pipe", 0o600) == 0)
      try body(ModelFolder(path: model))
    }
  }

  @Test(
    arguments: [ContainedOpening.openat2, .stepByStep],
    [
      (["a"], "1"), (["sub", "b"], "2"), (["sub", "deeper", "c"], "3"), (["in"], "2"),
      (["down", "c"], "3"),
    ])
  func `files of the folder are read`(opening: ContainedOpening, file: ([String], String)) throws {
    try withFolder { folder in
      let opened = try folder.open(steps: file.0, by: opening)
      #expect(try opened.readAll() == Array(file.1.utf8))
    }
  }

  @Test(
    arguments: [ContainedOpening.openat2, .stepByStep],
    [
      (["out"], "leads out"), (["up", "secret"], "leads out"), (["absolute"], "leads out"),
      (["self"], "Too many levels"), (["pipe-out"], "leads out"), (["pipe"], "not a regular file"),
      (["sub"], "not a regular file"), (["gone"], "No such file"), (["a", "b"], "Not a directory"),
      ([".."], "not the name"), (["sub", "..", "a"], "not the name"), ([], "not the name"),
      (["/etc/passwd"], "not the name"),
    ])
  func `all else is refused`(opening: ContainedOpening, file: ([String], String)) throws {
    try withFolder { folder in
      do {
        _ = try folder.open(steps: file.0, by: opening)
        Issue.record("opened")
      } catch {
        #expect("\(error)".contains(file.1), "\(error)")
      }
    }
  }

  /// Links that appear after the names were followed: what both ways must stop by themselves.
  @Test(
    arguments: [ContainedOpening.openat2, .stepByStep],
    ["out", "up/secret", "in", "down/c", "self"])
  func `no link on the way is followed`(opening: ContainedOpening, path: String) throws {
    try withFolder { folder in
      #expect(opening.descriptor(of: path, beneath: folder.path) < 0)
      #expect(errno == ELOOP)
    }
  }

  @Test(arguments: [ContainedOpening.openat2, .stepByStep])
  func `nothing stays open`(opening: ContainedOpening) throws {
    func count() throws -> Int {
      try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    }
    try withFolder { folder in
      // Other tests open and close files at the same time, so growth by chance is small.
      let before = try count()
      for _ in 0..<500 {
        for path in ["sub/deeper/c", "up/secret", "sub/none", "out"] {
          let descriptor = opening.descriptor(of: path, beneath: folder.path)
          if descriptor >= 0 { close(descriptor) }
        }
      }
      #expect(try count() < before + 200)
    }
  }
}
