"""timm's way of bulk inference: what its inference.py does for a folder, with its own loader.

https://github.com/huggingface/pytorch-image-models/blob/main/inference.py: create_dataset,
create_loader, topk, a DataFrame to Parquet. Prefetcher off, for it is for CUDA; channels_last on,
as by its flag --channels-last.
"""

import pandas as pd
import torch
from pillow_heif import register_heif_opener
from timm import create_model
from timm.data import create_dataset, create_loader, resolve_data_config
from timm.data.readers import set_img_extensions

from benchmarks.peers.interface import MEAN, STD, TOP_K, Done, Job, main

MODELS = {"resnet18": "resnet18", "mobilenet_v2": "mobilenetv2_100"}

register_heif_opener()
set_img_extensions((".jpg", ".png", ".webp", ".heic"))


def load(job: Job, classes: int) -> torch.nn.Module:
    """Build timm's own network; where its weights have the same names, they are the model's."""
    model = create_model(MODELS[job.network], num_classes=classes)
    weights = torch.jit.load(job.model).state_dict()
    if weights.keys() == model.state_dict().keys():
        model.load_state_dict(weights)
    return model.to(memory_format=torch.channels_last).eval()


def tag(job: Job) -> Done:
    """Tag the photos batch by batch; write the rows at the end."""
    names = job.class_names
    model = load(job, len(names))
    config = {"input_size": (3, job.crop, job.crop), "crop_pct": job.crop / job.resize}
    config |= {"mean": MEAN, "std": STD, "interpolation": "bilinear"}
    dataset = create_dataset(root=str(job.source), name="")
    loader = create_loader(
        dataset,
        batch_size=job.batch,
        use_prefetcher=False,
        num_workers=job.workers,
        device=torch.device("cpu"),
        **resolve_data_config(config, model=model),
    )
    indices, probabilities = [], []
    with torch.inference_mode():
        for pixels, _ in loader:
            pixels = pixels.contiguous(memory_format=torch.channels_last)
            scores, best = model(pixels).softmax(-1).topk(TOP_K, dim=1)
            indices += best.tolist()
            probabilities += scores.tolist()
    rows = pd.DataFrame({"path": dataset.filenames(absolute=True)})
    rows["tags"] = [[names[index] for index in best] for best in indices]
    rows["scores"] = probabilities
    rows.to_parquet(job.out)
    return Done(
        photos=len(rows),
        settings=f"float32, channels_last, batch {job.batch}, {job.workers} workers, no prefetcher",
        packages=("timm", "torch"),
    )


if __name__ == "__main__":
    main(tag)
