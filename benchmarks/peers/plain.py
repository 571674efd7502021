"""The script that a user writes in an hour: DataLoader, torch.jit.load, pandas."""

from pathlib import Path

import pandas as pd
import torch
from PIL import Image
from pillow_heif import register_heif_opener
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from benchmarks.peers.interface import MEAN, STD, TOP_K, Done, Job, main

register_heif_opener()


class Photos(Dataset[tuple[torch.Tensor, int]]):
    """Photos as the network takes them, each with its number."""

    def __init__(self, paths: list[Path], resize: int, crop: int) -> None:
        self._paths = paths
        self._transform = transforms.Compose(
            [
                transforms.Resize(resize),
                transforms.CenterCrop(crop),
                transforms.ToTensor(),
                transforms.Normalize(MEAN, STD),
            ]
        )

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, number: int) -> tuple[torch.Tensor, int]:
        image = Image.open(self._paths[number]).convert("RGB")
        return self._transform(image), number


def tag(job: Job) -> Done:
    """Tag the photos batch by batch; write the rows at the end."""
    paths, names = job.photos, job.class_names
    model = torch.jit.load(job.model).eval()
    loader = DataLoader(
        Photos(paths, job.resize, job.crop), batch_size=job.batch, num_workers=job.workers
    )
    rows = []
    with torch.no_grad():
        for pixels, numbers in loader:
            scores, classes = model(pixels).softmax(dim=1).topk(TOP_K)
            for number, row, best in zip(
                numbers.tolist(), scores.tolist(), classes.tolist(), strict=True
            ):
                tags = [names[index] for index in best]
                rows.append({"path": str(paths[number]), "tags": tags, "scores": row})
    pd.DataFrame(rows).to_parquet(job.out)
    return Done(
        photos=len(rows),
        settings=f"float32, batch {job.batch}, {job.workers} workers",
        packages=("torch", "torchvision", "pillow", "pandas"),
    )


if __name__ == "__main__":
    main(tag)
