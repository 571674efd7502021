"""Measurements: each file here says what it measures, and README.md what came out."""
