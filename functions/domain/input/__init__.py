"""What comes from outside, read with errors that name the field or the variable and say what was expected."""
