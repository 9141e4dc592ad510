enum TeacherServingPlaceholder {}
