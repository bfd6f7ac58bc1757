"""The enforcement policy and its truth table, judged by an independent evaluator."""
