enum NeuralPlaceholder {}
