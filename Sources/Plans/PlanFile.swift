import CXXHash
import Inputs
import JSON
import Tensors

/// A plan on disk: one safetensors file whose metadata holds the step list.
///
/// Opening verifies the header's checksum and the whole plan; weight bytes stay untouched in the
/// mapping until a kernel streams them.
public struct PlanFile: Sendable {
  public let path: String
  public let plan: Plan
  /// In the order of `plan.tensors`.
  private let ranges: [Range<Int>]
  private let file: SafetensorsFile

  /// Counts up whenever a plan of the version before cannot be executed any more.
  public static let formatVersion = 4

  package enum Key {
    package static let version = "paligraph.version"
    package static let plan = "paligraph.plan"
    package static let checksum = "paligraph.checksum"
  }

  /// Throws `PlanFileError`.
  public init(path: String) throws {
    do { try self.init(SafetensorsFile(path: path)) } catch let error as SafetensorsError {
      throw PlanFileError(path: path, problem: Self.advice(error.problem))
    } catch let error as PlanError {
      throw PlanFileError(path: path, problem: error.description)
    } catch let error as JSONError {
      throw PlanFileError(
        path: path, problem: "its step list is broken: \(error); compile it again")
    }
  }

  private static func advice(_ problem: SafetensorsError.Problem) -> String {
    switch problem {
    case .unreadable: return "\(problem)"
    // A text or picture: its first bytes are no length of a header, or no JSON follows them.
    case .headerTooLarge, .json:
      return "this is no plan: \(problem); make one with paligraph compile"
    default: return "this is no whole plan: \(problem); make one with paligraph compile"
    }
  }

  private init(_ file: SafetensorsFile) throws {
    guard let version = file.metadata(Key.version), let text = file.metadata(Key.plan) else {
      throw PlanError("this is no plan; make one with paligraph compile")
    }
    guard version == "\(Self.formatVersion)" else {
      throw PlanError(
        "plan format \(version.printable) is not \(Self.formatVersion), the one this program reads; "
          + "compile it again")
    }
    guard file.metadata(Key.checksum) == Self.checksum(plan: text, file.entries) else {
      throw PlanError("the header's checksum is wrong, so the plan was changed; compile it again")
    }
    try self.init(Self.plan(stepList: text), over: file)
  }

  /// Throws `PlanError` where the file lacks a tensor of a sound plan.
  private init(_ plan: Plan, over file: SafetensorsFile) throws {
    self.plan = plan
    ranges = try plan.tensors.map { tensor in
      guard let entry = file.entry(named: tensor.name), entry.elementType == tensor.storedElement,
        entry.shape == tensor.storedShape
      else { throw PlanError("tensor \(tensor.name.printable) is missing or has another shape") }
      guard entry.range.lowerBound % Plan.alignment == 0 else {
        throw PlanError("tensor \(tensor.name.printable) is not aligned to \(Plan.alignment) bytes")
      }
      return entry.range
    }
    path = file.path
    self.file = file
  }

  /// The same file if it had another step list, which is checked as that of any file.
  ///
  /// - Throws: `PlanError`.
  package func replacing(stepList plan: Plan) throws -> PlanFile {
    try PlanVerifier.verify(plan)
    return try PlanFile(plan, over: file)
  }

  /// The sound plan that a step list says. Throws `JSONError` or `PlanError`.
  package static func plan(stepList text: String) throws -> Plan {
    let json = try JSON.parse(text, limits: JSON.Limits(bytes: SafetensorsFile.headerLimit))
    let plan = try Plan(json: JSONField(json))
    try PlanVerifier.verify(plan)
    return plan
  }

  /// The checksum over the step list and the tensor directory, as 16 hexadecimal digits of XXH3.
  package static func checksum(plan text: String, _ entries: [SafetensorsEntry]) -> String {
    let directory = entries.map {
      "\($0.name) \($0.elementType.rawValue) \($0.shape) \($0.range)\n"
    }
    return Digest.hexadecimal(of: text + directory.joined())
  }

  /// A weight's or buffer's bytes, valid as long as this value is.
  public func withUnsafeBytes<Result>(
    ofTensor index: Int, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    try body(UnsafeRawBufferPointer(rebasing: file.mapping.unsafeBytes[ranges[index]]))
  }

  /// A tensor that no step reads, such as a tokenizer table; nil when there is none of that name.
  public func tensor(named name: String) throws -> TensorData? {
    guard file.entry(named: name) != nil else { return nil }
    return try file.tensor(named: name)
  }

  /// All tensors of the file in order, without padding.
  public var entries: [SafetensorsEntry] { file.entries.filter { !$0.isPadding } }

  /// Size of the whole file in bytes.
  public var byteCount: Int { file.mapping.byteCount }

  /// Compares every tensor's bytes with the checksum that the compiler stored. Reads the whole file.
  /// Throws `PlanFileError` naming the first tensor that differs.
  public func verifyTensors() throws {
    guard let stored = try tensor(named: Self.checksumTensor)?.integers(),
      stored.count == entries.count - 1
    else {
      throw PlanFileError(path: path, problem: "it has no tensor checksums; compile it again")
    }
    for (entry, expected) in zip(entries, stored) {
      let bytes = UnsafeRawBufferPointer(rebasing: file.mapping.unsafeBytes[entry.range])
      let hash = XXH3_64bits(bytes.baseAddress, bytes.count)
      guard Int64(bitPattern: hash) == expected else {
        throw PlanFileError(
          path: path, problem: "tensor \(entry.name.printable) was changed; compile it again")
      }
    }
  }

  /// The last tensor: an XXH3 hash of each tensor before it, in order.
  static let checksumTensor = "paligraph.checksums"
}

/// What is wrong with a plan file and what to do.
public struct PlanFileError: Error, Sendable, CustomStringConvertible {
  public let path: String
  public let problem: String

  public init(path: String, problem: String) {
    self.path = path
    self.problem = problem
  }

  public var description: String { "\(path.printable): \(problem)" }
}
