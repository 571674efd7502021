"""Ray Data's way: read, preprocess in tasks, predict in an actor, write Parquet.

https://docs.ray.io/en/latest/data/batch_inference.html: the model is loaded once by an actor class,
photos stream through the steps. Ray fuses decoding into the actor, so each core gets an actor that
decodes and predicts on one thread; 0.1 of a core stays with each reading task, which would wait for
ever otherwise.
"""

import io
import os
import tempfile
from typing import Any

os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DEDUP_LOGS": "0"}  # before it is imported

import numpy as np
import pyarrow.parquet as pq
import ray
import torch
from PIL import Image
from pillow_heif import register_heif_opener
from torchvision import transforms

from benchmarks.peers.interface import MEAN, STD, TOP_K, Done, Job, main

READING = 0.1  # of a core


class Preprocess:
    """Bytes of a photo to what the network takes."""

    def __init__(self, resize: int, crop: int) -> None:
        self._transform = transforms.Compose(
            [
                transforms.Resize(resize),
                transforms.CenterCrop(crop),
                transforms.ToTensor(),
                transforms.Normalize(MEAN, STD),
            ]
        )

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Decode one photo."""
        register_heif_opener()
        image = Image.open(io.BytesIO(row["bytes"])).convert("RGB")
        return {"path": row["path"], "pixels": self._transform(image).numpy()}


class Predict:
    """The model, loaded once by each actor."""

    def __init__(self, model: str, names: list[str]) -> None:
        self._model = torch.jit.load(model).eval()
        self._names = np.array(names)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Score a batch."""
        with torch.inference_mode():
            scores, best = self._model(torch.from_numpy(batch["pixels"])).softmax(1).topk(TOP_K)
        tags = self._names[best.numpy()].tolist()
        return {"path": batch["path"], "tags": tags, "scores": scores.tolist()}


def tag(job: Job) -> Done:
    """Stream the photos through the two stages."""
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    with tempfile.TemporaryDirectory() as out:
        ray.data.read_binary_files(
            str(job.source), include_paths=True, ray_remote_args={"num_cpus": READING}
        ).map(Preprocess(job.resize, job.crop), num_cpus=1 - READING).map_batches(
            Predict,
            fn_constructor_args=(str(job.model), job.class_names),
            batch_size=job.batch,
            num_cpus=1 - READING,
            concurrency=job.workers,
        ).write_parquet(out, ray_remote_args={"num_cpus": READING})
        table = pq.read_table(out)
    pq.write_table(table, job.out)
    return Done(
        photos=len(table),
        settings=f"float32, batch_size {job.batch}, {job.workers} actors that decode and predict",
        packages=("ray", "torch"),
    )


def start_ray() -> None:
    """Start a cluster of this machine alone."""
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        _node_ip_address="127.0.0.1",
        log_to_driver=False,
        configure_logging=False,
    )


if __name__ == "__main__":
    start_ray()
    main(tag)
    ray.shutdown()
