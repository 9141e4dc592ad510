public import ArgumentParser
public import Neural

extension Activation: ExpressibleByArgument {}
