// `import PaliGraphRuntime` brings the types a program needs to open a plan and run it, and no compiler.
@_exported import Pipeline
@_exported import Plans
@_exported import Runtime
@_exported import Tensors
