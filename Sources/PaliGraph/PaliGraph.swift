// `import PaliGraph` brings the types a program needs to open a plan and run it.
@_exported import Pipeline
@_exported import Plans
@_exported import Runtime

/// The version of this program and library; plans say which one made them.
public let version = "0.1.0"
