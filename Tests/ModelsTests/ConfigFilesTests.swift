import Glibc
import Tensors
import Testing

@testable import Models

@Suite struct ConfigFilesTests {
  @Test(arguments: try ParityFixtures.names())
  func `every reference checkpoint is readable`(name: String) throws {
    let config = try PaliGemmaConfig(directory: ParityFixtures.path(name))
    #expect(config.text.architecture == (name.hasPrefix("gemma2-") ? .gemma2 : .gemma))
  }

  @Test func `a list of end tokens in generation_config wins`() throws {
    let config = try PaliGemmaConfig(directory: ParityFixtures.path("gemma-stops-at-eos"))
    #expect(config.endTokens == [1] + Array(330..<360))
  }

  @Test(arguments: [
    ("", "not valid JSON at byte 0"),
    ("[]", "the top level: expected an object, found an array of 0"),
    (#"{"model_type": "paligemma",}"#, "not valid JSON at byte 27"),
    (#"{"model_type": "paligemma", "model_type": "x"}"#, "has the key \"model_type\" twice"),
  ])
  func `a broken file is named`(content: String, message: String) throws {
    let directory = try TemporaryDirectory(["config.json": content])
    let error = #expect(throws: ConfigError.self) { try PaliGemmaConfig(directory: directory.path) }
    let text = try #require(error.map { "\($0)" })
    #expect(text.hasPrefix("\(directory.path)/config.json: "))
    #expect(text.contains(message))
  }

  @Test func `an absent file is named`() throws {
    let directory = try TemporaryDirectory([:])
    #expect(
      throws: ModelFolderError.unreadable("\(directory.path)/config.json", errno: ENOENT)
    ) { try PaliGemmaConfig(directory: directory.path) }
  }

  @Test func `a large file is refused unread`() throws {
    let content = String(repeating: " ", count: 1 << 21)
    let directory = try TemporaryDirectory(["config.json": content])
    let error = #expect(throws: ConfigError.self) { try PaliGemmaConfig(directory: directory.path) }
    #expect(error.map { "\($0.problem)" } == "2097152 bytes of JSON; at most 1048576 are read")
  }

  @Test func `an error in generation_config names that file`() throws {
    let directory = try TemporaryDirectory([
      "config.json": #"{"model_type": "paligemma"}"#,
      "generation_config.json": #"{"eos_token_id": [1, -1]}"#,
    ])
    let error = #expect(throws: ConfigError.self) { try PaliGemmaConfig(directory: directory.path) }
    #expect(
      error.map { "\($0)" } == """
        \(directory.path)/generation_config.json: eos_token_id[1]: \
        expected an integer from 0 to 2147483647, found -1
        """)
  }
}
