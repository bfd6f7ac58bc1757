"""Input from messages and the environment; errors name the field or the variable and what was expected."""
