enum StudentTrainingPlaceholder {}
