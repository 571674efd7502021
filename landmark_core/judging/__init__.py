"""How good a model's answers are, how sure it may be, and whether another is better."""
