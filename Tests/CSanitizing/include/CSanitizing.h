// What sanitizers are told of code that was built without them. Linked into tests; there is nothing to call.
