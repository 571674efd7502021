"""Labelled photos: find them, report on them, keep them decoded, divide them without leaks."""
