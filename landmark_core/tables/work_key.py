"""Whose rows count as done: one record, apart from all that uses it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkKey:
    """Another model, or another way of preparing photos, starts anew."""

    model_id: str
    preprocess_id: str
