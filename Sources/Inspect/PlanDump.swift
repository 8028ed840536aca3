import JSON
import Plans

/// A plan's step list as JSON, in the form in which the plan file keeps it.
public enum PlanDump {
  /// - Parameter name: dumps only this function, with all tensors and states.
  public static func json(_ plan: Plan, function name: String? = nil) -> JSON {
    var plan = plan
    plan.functions = plan.functions.filter { name == nil || $0.name == name }
    return [
      "format": "paligraph-plan-dump", "version": .integer(ModuleDump.version), "plan": plan.json,
    ]
  }
}
