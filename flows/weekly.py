"""Retrain once a week from photos and people's decisions: a deployment of the training flow."""

from prefect import flow

from flows.parameters import TrainingParameters
from flows.train import train_landmarks
from landmark_core.training import TrainSummary


@flow(name="weekly-training")
def weekly_training(params: TrainingParameters) -> TrainSummary:
    """Train, judge and perhaps promote a model; the next nightly run tags with the champion."""
    return train_landmarks(params.to_config())
