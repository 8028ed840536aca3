import Foundation
import Testing

@testable import BadFiles

/// A model never makes the program leave its folder, run anything or ask another machine.
@Suite struct ContainmentTests {
  /// Line 2.2.23 of the list of bad inputs: a second process exchanges a file for a link and back.
  @Test func `a file that becomes a link while it is opened never leads out`() throws {
    let folder = try BadInputFolder()
    try folder.write((0..<8).map { UInt8($0) }, to: "weights")
    let tensor = ProtobufMessage.tensor(
      "w", [2], external: [("location", "weights"), ("length", "8")])
    let graph = ProtobufMessage.graph([.node("Add", ["x", "w"])], tensors: [tensor])
    let model = try folder.write(ProtobufMessage.model(graph).bytes, to: "m.onnx")
    // As long as the data, so that nothing but its place is wrong.
    _ = try folder.scratch.write("outside!", to: "secret")
    let exchange = Process()
    exchange.executableURL = URL(fileURLWithPath: "/bin/sh")
    exchange.arguments = [
      "-c",
      "cd \"$0\"; while :; do mv weights held; ln -s ../secret weights; mv held weights; done",
      folder.path,
    ]
    exchange.standardError = FileHandle.nullDevice
    try exchange.run()
    defer {
      exchange.terminate()
      exchange.waitUntilExit()
    }
    let watch = try OpenWatch(folder.scratch.url.path)
    for index in 0..<25 {
      let plan = folder.output("\(index).plan")
      let run = try LimitedProcess.run(["compile", model, "-o", plan, "--quiet"])
      #expect(!run.wasKilled && (run.status == 0 || run.errorLines.count == 1), "\(run.errors)")
      if run.status == 0 {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: plan))
        #expect(bytes.range(of: Data("outside!".utf8)) == nil)
      } else {
        #expect(!FileManager.default.fileExists(atPath: plan))
      }
    }
    #expect(watch.opened().isEmpty)
  }

  /// Makes a folder of the model as the Hugging Face cache has it: a snapshot of links to blobs.
  private func snapshot(_ scratch: Scratch) throws -> String {
    let repository = scratch.url.appendingPathComponent("models--x--y")
    let snapshot = repository.appendingPathComponent("snapshots/0123456789abcdef")
    let blobs = repository.appendingPathComponent("blobs")
    for folder in [snapshot, blobs] {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }
    let source = CommandLineProcess.root.appendingPathComponent(PictureRunTests.model)
    let names = try FileManager.default.contentsOfDirectory(atPath: source.path)
    for (index, name) in names.enumerated() {
      try FileManager.default.copyItem(
        at: source.appendingPathComponent(name), to: blobs.appendingPathComponent("blob\(index)"))
      try FileManager.default.createSymbolicLink(
        atPath: snapshot.appendingPathComponent(name).path,
        withDestinationPath: "../../blobs/blob\(index)")
    }
    return snapshot.path
  }

  @Test func `a snapshot of the Hugging Face cache is a model`() throws {
    let scratch = try Scratch()
    let model = try snapshot(scratch)
    let plan = scratch.path("x.plan")
    let compile = try LimitedProcess.run(["compile", model, "-o", plan])
    try #require(compile.status == 0, "\(compile.errors)")
    let run = try PictureRunTests.run(plan, [])
    #expect(run.output == (try PictureRunTests.expected()) + "\n")
  }

  @Test(arguments: ["../../refs/main", "../../../secret", "../../blobs/../../secret"])
  func `a link of a snapshot to anything but a blob is refused`(target: String) throws {
    let scratch = try Scratch()
    let model = try snapshot(scratch)
    _ = try scratch.write(BadInputFolder.secret, to: "secret")
    try FileManager.default.createDirectory(
      atPath: "\(model)/../../refs", withIntermediateDirectories: false)
    _ = try scratch.write("0123456789abcdef", to: "models--x--y/refs/main")
    try FileManager.default.removeItem(atPath: "\(model)/tokenizer.json")
    try FileManager.default.createSymbolicLink(
      atPath: "\(model)/tokenizer.json", withDestinationPath: target)
    let run = try LimitedProcess.run(["compile", model, "-o", scratch.path("x.plan")])
    #expect(run.status == 1 && run.errorLines.count == 1)
    #expect(run.errors.contains("\"tokenizer.json\" leads out of the folder"), "\(run.errors)")
    #expect(!run.errors.contains(BadInputFolder.secret))
  }

  /// All that a checkpoint may say about code and addresses, with a listener at the address and code
  /// that leaves a trace.
  @Test func `nothing in a model is executed or fetched`() throws {
    let listener = try Listener()
    let folder = try BadInputFolder()
    try folder.copyModel()
    let trace = folder.output("trace")
    let address = "http://127.0.0.1:\(listener.port)/x"
    try folder.replace(
      "\"model_type\": \"paligemma\",",
      """
      "model_type": "paligemma", "trust_remote_code": true, "_name_or_path": "\(address)",
      "auto_map": {"AutoConfig": "modeling.Evil", "AutoModel": "\(address)--modeling.Evil"},
      "custom_pipelines": {"x": {"impl": "modeling.Evil"}},
      """, in: "config.json")
    try folder.write("open('\(trace)', 'w').write('x')\n", to: "modeling.py")
    try folder.write("#!/bin/sh\ntouch '\(trace)'\n", to: "tokenizer.sh")
    try folder.write(
      """
      {"chat_template": "{{ ''.__class__.__mro__[1].__subclasses__() }}{% include '\(address)' %}",
       "tokenizer_class": "modeling.Evil", "auto_map": {"AutoTokenizer": ["modeling.Evil", null]}}
      """, to: "tokenizer_config.json")
    try folder.replace(
      "\"image_processor_type\": \"SiglipImageProcessor\",",
      "\"image_processor_type\": \"SiglipImageProcessor\", \"auto_map\": {\"AutoImageProcessor\": \"modeling.Evil\"},",
      in: "preprocessor_config.json")
    let plan = folder.output("x.plan")
    let compile = try LimitedProcess.run(["compile", folder.path, "-o", plan])
    #expect(compile.status == 0, "\(compile.errors)")
    let run = try LimitedProcess.run([
      "run", plan, "--image", folder.file("picture.png"), "--prompt", "caption en",
      "--max-new-tokens", "24",
    ])
    #expect(run.output == (try PictureRunTests.expected()) + "\n")
    #expect(!FileManager.default.fileExists(atPath: trace))
    #expect(!listener.wasCalled())
  }
}

/// A port of this machine that nobody should call.
private final class Listener {
  private let descriptor: Int32
  let port: UInt16

  init() throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let own = descriptor
    let status = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(own, $0, size) == 0 && listen(own, 4) == 0 ? getsockname(own, $0, &size) : -1
      }
    }
    port = UInt16(bigEndian: address.sin_port)
    try #require(status == 0 && port != 0)
  }

  deinit { close(descriptor) }

  func wasCalled() -> Bool { accept(descriptor, nil, nil) >= 0 }
}
