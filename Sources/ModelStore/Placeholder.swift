enum ModelStorePlaceholder {}
