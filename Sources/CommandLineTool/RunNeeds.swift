import IR
import Interchange
import Inputs
import JSON
import PaliGraph
import Plans
import Tensors

/// What `run` and `bench` must be given for a plan or model, said to somebody who gave nothing.
struct RunNeeds {
  private struct Function {
    let name: String
    /// Names and types.
    let inputs: [(name: String, type: String)]
  }

  private let path: String
  let use: Use
  private let functions: [Function]
  private let symbols: [String]

  /// Opens a plan; of a model, its graph alone.
  init(_ path: String, _ sizes: InputSizes) throws {
    self.path = path.printable
    let sections: [String]
    if ModelSource.isModel(path) {
      let model = try ModelSource(path: path).load(sizes: sizes)
      sections = model.sections.map(\.key)
      functions = model.module.functions.map { function in
        Function(
          name: function.name,
          inputs: function.parameters.map { id in
            let value = function.values[id.index]
            return (value.name, "\(value.type)")
          })
      }
      symbols = model.module.symbols.map { "\($0.name) <= \($0.bound)" }
    } else {
      let plan = try PlanFile(path: path).plan
      sections = plan.sections.map(\.key)
      functions = plan.functions.map { function in
        Function(
          name: function.name,
          inputs: function.inputs.map { port in
            let shape = port.view.shape.map { "\($0)" }.joined(separator: "x")
            return (port.name, "\(port.view.element.rawValue)[\(shape)]")
          })
      }
      symbols = plan.symbols.map { "\($0.name) <= \($0.bound)" }
    }
    use =
      sections.contains(ScoringSettings.section)
      ? .scoring : sections.contains(SessionSettings.section) ? .answering : .tensors
  }

  /// Whether there is only one function to run, and it takes nothing.
  var areNone: Bool { use == .tensors && functions.count == 1 && functions[0].inputs.isEmpty }

  /// The message that names the missing options or inputs.
  var problem: String {
    switch use {
    case .scoring:
      "--image FILE and --prompt TEXT are missing: \(path) scores texts against a picture; give "
        + "--image FILE and --prompt TEXT, once or more"
    case .tensors: tensorProblem
    default:
      "--image FILE is missing: \(path) answers a prompt about a picture; give --image FILE and "
        + "--prompt TEXT"
    }
  }

  private var tensorProblem: String {
    guard let main = functions.first(where: { $0.name == "main" || functions.count == 1 }) else {
      let list = functions.map { "@\($0.name.printable)(\(inputs(of: $0)))" }
      return "--function NAME and --input NAME=FILE.npy are missing: \(path) has the functions "
        + list.joined(separator: ", ") + bounds
    }
    let options = main.inputs.map { "--input \($0.name.printable)=FILE.npy" }
    let others = functions.filter { $0.name != main.name }.map { "@\($0.name.printable)" }
    return "--input NAME=FILE.npy is missing: @\(main.name.printable) of \(path) takes "
      + inputs(of: main) + bounds + "; give " + options.joined(separator: " ")
      + (others.isEmpty ? "" : "; --function runs \(others.joined(separator: ", "))")
  }

  private func inputs(of function: Function) -> String {
    function.inputs.map { "\($0.name): \($0.type)".printable }.joined(separator: ", ")
  }

  private var bounds: String {
    symbols.isEmpty ? "" : " (\(symbols.joined(separator: ", ").printable))"
  }
}
