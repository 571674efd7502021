"""What `scripts/mutate.py` is made of: changes to a module's source, and the trials of each."""
