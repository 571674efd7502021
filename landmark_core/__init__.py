"""Tag photo libraries with a landmark model: rows in Parquet, heatmaps for review.

This package needs no Prefect; `flows` runs the same code as Prefect flows.
"""

__version__ = "0.1.0"
