"""Hugging Face's image-classification pipeline, over a local model, without the network.

https://huggingface.co/docs/transformers/main_classes/pipelines: a dataset goes in, batches and
workers are its arguments. The networks are Hugging Face's own of the same size, with random
weights: the pipeline takes no TorchScript.
"""

import os
import tempfile

os.environ |= {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}  # before it is imported

import pandas as pd
import torch
from pillow_heif import register_heif_opener
from torch.utils.data import Dataset
from transformers import (
    BitImageProcessor,
    MobileNetV2Config,
    MobileNetV2ForImageClassification,
    PreTrainedModel,
    ResNetConfig,
    ResNetForImageClassification,
    pipeline,
)

from benchmarks.peers.interface import MEAN, STD, TOP_K, Done, Job, main

register_heif_opener()


class Paths(Dataset[str]):
    """The photos' paths; the pipeline opens them in its workers."""

    def __init__(self, paths: list[str]) -> None:
        self._paths = paths

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, number: int) -> str:
        return self._paths[number]


def build(job: Job) -> PreTrainedModel:
    """Make a network of the wanted size."""
    labels = dict(enumerate(job.class_names))
    torch.manual_seed(0)
    if job.network == "resnet18":
        config = ResNetConfig(
            embedding_size=64,
            hidden_sizes=[64, 128, 256, 512],
            depths=[2, 2, 2, 2],
            layer_type="basic",
            id2label=labels,
        )
        return ResNetForImageClassification(config)
    return MobileNetV2ForImageClassification(
        MobileNetV2Config(image_size=job.crop, id2label=labels)
    )


def tag(job: Job) -> Done:
    """Save a model as users have one, open the pipeline on it, write what comes out."""
    paths = [str(path) for path in job.photos]
    with tempfile.TemporaryDirectory() as folder:
        build(job).save_pretrained(folder)
        BitImageProcessor(
            size={"shortest_edge": job.resize},
            crop_size={"height": job.crop, "width": job.crop},
            resample=2,  # bilinear
            image_mean=list(MEAN),
            image_std=list(STD),
        ).save_pretrained(folder)
        classify = pipeline(
            "image-classification",
            model=folder,
            device="cpu",
            batch_size=job.batch,
            num_workers=job.workers,
        )
    answers = list(classify(Paths(paths), top_k=TOP_K))
    rows = pd.DataFrame({"path": paths})
    rows["tags"] = [[answer["label"] for answer in photo] for photo in answers]
    rows["scores"] = [[answer["score"] for answer in photo] for photo in answers]
    rows.to_parquet(job.out)
    return Done(
        photos=len(rows),
        settings=f"float32, batch_size {job.batch}, num_workers {job.workers}",
        packages=("transformers", "torch"),
    )


if __name__ == "__main__":
    main(tag)
