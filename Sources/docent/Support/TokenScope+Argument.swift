public import ArgumentParser
public import Registry

extension TokenScope: ExpressibleByArgument {}
