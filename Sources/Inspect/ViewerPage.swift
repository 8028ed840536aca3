import JSON
import Plans

/// The viewer: one HTML file that needs nothing else, with the model in it.
public enum ViewerPage {
  /// The page for a model on its way through the passes.
  ///
  /// - Parameters:
  ///   - history: what the pass slider walks through.
  ///   - plan: steps and memory of the last snapshot; nil when that is not planned.
  ///   - profile: measured times, shown beside the plan's steps.
  ///   - name: shows only this function.
  public static func html(
    _ history: PassHistory, plan: Plan? = nil, profile: TraceProfile? = nil,
    function name: String? = nil
  ) throws -> String {
    let data = try ViewerData.json(history, plan: plan, profile: profile, function: name)
    // In a script element nothing but `<` could end the data.
    let json = data.encoded().replacing("<", with: "\\u003c")
    return text(PackageResources.page_html)
      .replacing("/*style*/", with: text(PackageResources.style_css))
      .replacing("/*script*/", with: scripts.map(text).joined(separator: "\n"))
      .replacing("/*data*/", with: json)
  }

  /// In the order in which they need each other.
  private static var scripts: [[UInt8]] {
    [
      PackageResources.model_js, PackageResources.scopes_js, PackageResources.layout_js,
      PackageResources.graph_js, PackageResources.details_js, PackageResources.memory_js,
      PackageResources.steps_js, PackageResources.app_js,
    ]
  }

  private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
