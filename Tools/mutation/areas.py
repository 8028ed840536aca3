"""What is changed and which tests ought to notice: the quickest suites that cover each area."""


class Area:
    """Files that are changed alike.

    files: patterns of paths.
    suites: filters of swift-testing, each run in a process of its own.
    most: mutants of one file.
    always: kinds of changes that are all planted, however many there are.
    """

    def __init__(self, name, files, suites, most, always=()):
        self.name, self.files, self.suites = name, files, suites
        self.most, self.always = most, always


PASS_FILES = "CompilerTests.PassFileTests/.a pass makes of the graph"
PLANS_OF_GRAPHS = "CompilerTests.PlanExecutionTests/.a graph's plan"
ONNX_MODELS = "InterchangeTests.ONNXReferenceTests/.the imported graph"

AREAS = [
    Area("IR verifier", ["Sources/IR/Verifier.swift", "Sources/IR/Layout.swift", "Sources/IR/Ops/*.swift"],
         ["IRTests", "InspectTests.OperationsPageTests", PASS_FILES, "CompilerTests.PassPipelineTests",
          ONNX_MODELS, PLANS_OF_GRAPHS], 4),
    Area("plan verifier", ["Sources/Plans/PlanVerifier*.swift", "Sources/Plans/Plan+JSON.swift",
                           "Sources/Plans/PlanFile.swift", "Sources/Plans/PlanInterface*.swift",
                           "Sources/Plans/ViewBounds.swift", "Sources/Plans/ArenaContents.swift",
                           "Sources/Plans/OperandSharing.swift", "Sources/Plans/WeightPacking*.swift"],
         ["PlansTests.PlanVerifier", "PlansTests.PlanSize", "PlansTests.PlanMessage", "PlansTests.PlanFileTests",
          "PlansTests.PlanRoundTrip", "PlansTests.PlanArena", "PlansTests.PlanFileRefusal", "PlansTests.PlanWriter",
          "PlansTests.PlanStepList", "PlansTests.WeightRounding", "RuntimeTests.OperandSharing",
          "RuntimeTests.ExecutorTests", "PaliGraphTests.PlanLieTests"], 12),
    Area("kernel bindings", ["Sources/Runtime/Bindings/*.swift", "Sources/Runtime/CompiledDim.swift",
                             "Sources/Runtime/BufferView*.swift", "Sources/Runtime/StepBinder.swift"],
         ["RuntimeTests.BindingTests", "RuntimeTests.OperandSharing", "RuntimeTests.ExecutorTests",
          "RuntimeTests.MaskedScatterTests", "RuntimeTests.ScratchTests", PLANS_OF_GRAPHS,
          "CompilerTests.EdgeSizeTests", "RuntimeTests..A conversion", "RuntimeTests..Moving data",
          "InterchangeTests.ONNXReferenceTests/.the plan"], 6),
    Area("passes", ["Sources/Compiler/Passes/*.swift", "Sources/Compiler/Rewriting/*.swift"],
         [PASS_FILES, "CompilerTests.PassManagerTests", "CompilerTests.PassPipelineTests",
          "CompilerTests.RewritingTests", PLANS_OF_GRAPHS], 3,
         always=("guard dropped", "term dropped")),
    Area("planner", ["Sources/Compiler/Lowering/*.swift"],
         [PASS_FILES, "CompilerTests.ArenaSearchTests", "CompilerTests.PassManagerTests",
          "CompilerTests.PassPipelineTests", "CompilerTests.MemoryTests"], 7),
    Area("kernels' definitions", ["Sources/CKernels/Scalar.c", "Sources/CKernels/Panels.c"],
         ["RuntimeTests..A kernel of channels", "RuntimeTests..A row kernel", "RuntimeTests..Moving data",
          "RuntimeTests..An elementwise kernel", "RuntimeTests..A kernel of integers", "RuntimeTests..A conversion",
          "RuntimeTests..A kernel along axes", "RuntimeTests..Filling and scattering", "RuntimeTests..A matrix kernel", "RuntimeTests.Attention",
          "RuntimeTests..A linear layer./.with int", "RuntimeTests.KernelConv", "PlansTests.PlanWriter",
          "PlansTests.WeightRounding"], 25),
    Area("tokenizer", ["Sources/Pipeline/Tokenizer/*.swift"],
         [f"PipelineTests.Tokenizer{part}" for part in
          ("Refusal", "Prompt", "SentencePiece", "Reference", "Files", "SideFiles", "Tables", "Edge")]
         + ["PipelineTests.SamplerTests"], 5),
    Area("image processing", ["Sources/Pipeline/Image/*.swift", "Sources/CImageCodecs/resample.c"],
         [f"PipelineTests.Image{part}" for part in ("Drawing", "Processor", "Decoding", "BadInput", "Resize", "Limits")]
         + ["PipelineTests.PictureSource", "CommandLineTests.PictureFileTests/.standard input",
            "CommandLineTests.FaultTests/.a picture whose library"], 5),
    Area("samplers", ["Sources/Pipeline/Generation/*.swift"],
         ["PipelineTests.SamplerTests", "PipelineTests.DetectionParserTests"], 12),
    Area("files", ["Sources/Tensors/Files/*.swift", "Sources/Tensors/Safetensors/*.swift",
                   "Sources/Tensors/NPY/*.swift"],
         ["TensorsTests.NPY", "TensorsTests.MappedFile", "TensorsTests.AtomicFile", "TensorsTests.Safetensors",
          "CommandLineTests.FaultTests/.a plan's bytes"], 6),
    Area("importer", ["Sources/Interchange/Import/*.swift", "Sources/Interchange/Format/*.swift",
                      "Sources/Interchange/Operators/*/*.swift"],
         ["InterchangeTests.ONNXResize", "InterchangeTests.ONNXOperatorRefusalTests/.they are refused",
          "InterchangeTests.ONNXOperatorTests", "InterchangeTests.ImportedGraph",
          ONNX_MODELS, "InterchangeTests.ExternalData", "InterchangeTests.ONNXRefusal"], 3),
]
