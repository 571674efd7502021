"""Training: networks learn from labelled photos, and what they give is calibrated and judged."""
