// swift-tools-version: 6.2
import PackageDescription

/// One line per layer, lowest first. The arrows only point up this list, and the run side (`Runtime`,
/// `Pipeline`) never reaches the compile side (`IR`, `Models`, `Interchange`, `Compiler`): they share
/// nothing but the plan. `PackageTests` holds the imports of every target against what it lists here.
let package = Package(
  name: "paligraph",
  products: [
    .library(name: "PaliGraph", targets: ["PaliGraph"]),
    // The run side alone: it links no compiler, no libonnx and no protobuf.
    .library(name: "PaliGraphRuntime", targets: ["PaliGraphRuntime"]),
    .executable(name: "paligraph", targets: ["paligraph"]),
    // What tests preload to let calls of the C library fail; a target alone makes no shared library.
    .library(name: "FaultInjection", type: .dynamic, targets: ["CFaultInjection"]),
  ],
  targets: [
    // System libraries and C shims.
    .systemLibrary(name: "CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"])]),
    .target(name: "CFiles", exclude: ["README.md"]),
    .target(name: "CFileGuard", exclude: ["README.md"], cSettings: [.define("_GNU_SOURCE")]),
    .target(name: "CJSON", linkerSettings: [.linkedLibrary("simdjson")]),
    .target(
      name: "CImageCodecs",
      linkerSettings: [
        .linkedLibrary("jpeg"), .linkedLibrary("png"), .linkedLibrary("webp"), .linkedLibrary("z"),
        .linkedLibrary("dl"),
      ]),
    .target(
      name: "COnnx",
      cxxSettings: [.define("ONNX_NAMESPACE", to: "onnx"), .define("ONNX_ML", to: "1")],
      linkerSettings: [
        .linkedLibrary("onnx"), .linkedLibrary("onnx_proto"), .linkedLibrary("protobuf"),
      ]),
    .target(name: "CKernels", cSettings: [.define("_GNU_SOURCE")]),

    // Shared by both sides.
    .module("Inputs", []),
    .module("JSON", ["Inputs", "CJSON"]),
    .module("Tensors", ["Inputs", "JSON", "CFiles", "CFileGuard"]),
    .module("Plans", ["Inputs", "JSON", "Tensors", "CKernels", "CXXHash"]),

    // Compile side.
    .module("IR", ["Inputs", "Tensors"]),
    .module("Models", ["IR", "Inputs", "JSON", "Tensors"]),
    .module("Interchange", ["IR", "Inputs", "Tensors", "COnnx"]),
    .module("Compiler", ["IR", "Inputs", "JSON", "Plans", "Tensors"]),
    .target(
      name: "Inspect", dependencies: ["Compiler", "IR", "JSON", "Plans", "Tensors"],
      exclude: ["README.md"],
      resources: [
        "page.html", "style.css", "model.js", "scopes.js", "layout.js", "graph.js", "details.js",
        "memory.js", "steps.js", "app.js",
      ].map { .embedInCode("Viewer/\($0)") },
      swiftSettings: .layer),

    // Run side.
    .module("Runtime", ["Plans", "Inputs", "JSON", "Tensors", "CKernels"]),
    .module("Pipeline", ["Runtime", "Plans", "Inputs", "JSON", "Tensors", "CImageCodecs"]),

    // What a Swift user imports who only runs plans.
    .module("PaliGraphRuntime", ["Pipeline", "Plans", "Runtime", "Tensors"]),

    // Both sides, held against each other.
    .module("Validation", ["Compiler", "Runtime", "IR", "Plans", "Tensors", "CKernels"]),

    // What a Swift user imports, and the command line on top of it.
    .module(
      "PaliGraph",
      [
        "Compiler", "Interchange", "IR", "Inputs", "JSON", "Models", "Pipeline", "Plans", "Runtime",
        "Tensors", "Validation",
      ]),
    .executableTarget(
      name: "paligraph",
      dependencies: [
        "PaliGraph", "Compiler", "Interchange", "IR", "Inspect", "Inputs", "JSON", "Pipeline",
        "Plans",
        "Runtime", "Tensors", "Validation",
      ],
      path: "Sources/CommandLineTool",
      exclude: ["README.md"], swiftSettings: .layer),

    // Programs of users of the library, one of which needs the run side alone.
    .executableTarget(
      name: "AskPicture", dependencies: ["PaliGraph"], path: "Examples/AskPicture",
      swiftSettings: .layer),

    .executableTarget(
      name: "RunPlan", dependencies: ["PaliGraphRuntime"], path: "Examples/RunPlan",
      swiftSettings: .layer),

    // What `Tools/bench-planner` runs.
    .executableTarget(
      name: "PlannerBenchmark", dependencies: ["Compiler", "IR"], path: "Tools/planner-benchmark",
      swiftSettings: .layer),

    // What `Tools/bench-kernels` runs.
    .executableTarget(
      name: "KernelBenchmark", dependencies: ["Compiler", "IR", "Plans", "Runtime", "Tensors"],
      path: "Tools/kernel-benchmark", swiftSettings: .layer),

    // What `Tools/random-graphs` runs.
    .executableTarget(
      name: "RandomGraphs", dependencies: ["Validation"], path: "Tools/random-graphs-driver",
      swiftSettings: .layer),

    // What `Tools/fuzz` runs, and `FuzzTests` without libFuzzer.
    .target(name: "CFuzzEngine", path: "Tools/fuzz-engine", exclude: ["left-out.txt"]),
    .target(
      name: "FuzzTargets",
      dependencies: [
        "Compiler", "Interchange", "IR", "JSON", "Models", "PaliGraph", "Pipeline",
        "Plans",
        "Runtime", "Tensors", "Validation", "CFuzzEngine",
      ],
      path: "Tools/fuzz-targets", swiftSettings: .layer),
    .executableTarget(
      name: "Fuzz", dependencies: ["FuzzTargets", "CFuzzEngine"], path: "Tools/fuzz-driver",
      swiftSettings: .layer),

    // What `Tools/soak` runs.
    .executableTarget(
      name: "Soak", dependencies: ["Pipeline", "Plans", "Runtime"],
      path: "Tools/soak-driver", swiftSettings: .layer),

    // What `Tools/reference-pages` runs.
    .executableTarget(
      name: "ReferencePages", dependencies: ["Inspect"], path: "Tools/reference-pages-driver",
      swiftSettings: .layer),

    // What `Tools/onnx-conformance` runs.
    .executableTarget(
      name: "ONNXConformance",
      dependencies: ["Compiler", "Interchange", "PaliGraph", "Plans", "Runtime", "Tensors"],
      exclude: ["README.md"], swiftSettings: .layer),

    // Files that readers must refuse, for the tests of several layers.
    .target(
      name: "BadFiles", dependencies: ["JSON", "Plans", "Tensors"],
      path: "Tests/BadFiles",
      swiftSettings: .layer),

    // Finds messages in the sources that no test expects.
    .target(name: "SourceMessages", path: "Tests/SourceMessages", swiftSettings: .layer),

    // Each layer's tests.
    .tests("Inputs", ["Inputs"]),
    .tests("JSON", ["JSON"]),
    .tests("Tensors", ["Inputs", "Tensors", "BadFiles"]),
    .tests("IR", ["IR", "Tensors", "SourceMessages"]),
    .tests("Models", ["Models", "IR", "Tensors"]),
    .tests(
      "Interchange",
      ["Interchange", "Compiler", "PaliGraph", "IR", "Plans", "Runtime", "Tensors", "BadFiles"]),
    .tests(
      "Compiler",
      [
        "Compiler", "IR", "Plans", "Runtime", "Tensors", "Validation", "CKernels",
        "CAllocationCount",
      ],
      exclude: ["passes"]),
    .target(name: "CAllocationCount", path: "Tests/CAllocationCount"),
    .tests("Inspect", ["Inspect", "Compiler", "IR", "JSON", "Plans", "Tensors"]),
    .tests("Plans", ["Plans", "JSON", "Tensors", "SourceMessages"]),
    .tests(
      "Runtime", ["Runtime", "Plans", "JSON", "Tensors", "CKernels", "SourceMessages"]),
    .tests("Pipeline", ["Pipeline", "Inputs", "JSON", "Tensors", "BadFiles"]),
    .tests(
      "PaliGraph",
      [
        "PaliGraph", "Compiler", "IR", "JSON", "Pipeline", "Plans", "Runtime",
        "Tensors",
        "CKernels", "BadFiles",
      ]),
    .tests(
      "Notes", ["Compiler", "IR", "Plans", "Runtime", "Tensors", "Validation", "CKernels"]),
    .target(
      name: "CFaultInjection", path: "Tests/CFaultInjection", linkerSettings: [.linkedLibrary("dl")]
    ),
    .testTarget(
      name: "FuzzTests", dependencies: ["FuzzTargets", "CFuzzEngine"], swiftSettings: .layer),
    .testTarget(
      name: "CommandLineTests",
      dependencies: [
        "paligraph", "AskPicture", "RunPlan", "Soak", "BadFiles", "Plans",
        "Tensors",
      ],
      swiftSettings: .layer),
  ]
)

extension Target {
  /// A Swift library target whose folder also holds the README that says what belongs in it.
  static func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(
      name: name, dependencies: dependencies, exclude: ["README.md"], swiftSettings: .layer)
  }

  /// The tests of one layer, in `Tests/<layer>Tests`. Their data stays in the source tree and is
  /// found by path (`#filePath`), so that expectations can be rewritten in place.
  static func tests(
    _ layer: String, _ dependencies: [Target.Dependency], exclude: [String] = []
  ) -> Target {
    .testTarget(
      name: "\(layer)Tests", dependencies: dependencies, exclude: exclude, swiftSettings: .layer)
  }
}

extension [SwiftSetting] {
  /// What every Swift target is compiled with.
  static var layer: Self {
    [.enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility")]
  }
}
