enum EnvironmentsPlaceholder {}
