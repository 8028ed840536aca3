import JSON
import Plans

extension PlanFile {
  /// What `body` makes of the section that a kind of model leaves in its plans.
  ///
  /// - Throws: `PlanFileError` when the plan is of another kind, or broken.
  func open<Result>(
    _ section: String, of kind: String, _ body: (JSONField) throws -> Result
  ) throws -> Result {
    guard let value = plan.section(section) else {
      throw PlanFileError(
        path: path, problem: "it is no \(kind) model; give its inputs with --input NAME=FILE.npy")
    }
    do { return try body(JSONField(value, path: section)) } catch let error as PlanFileError {
      throw error
    } catch {
      throw PlanFileError(path: path, problem: "\(error); compile it again")
    }
  }

  /// The tokenizer whose tables the plan holds.
  func tokenizer() throws -> Tokenizer {
    Tokenizer(try TokenizerTables { try tensor(named: $0) })
  }
}
