"""The enforcement policy against the truth table, as an independent evaluator judges it."""
