"""This project's own engine alone, over pixels that are there already.

In lanes as `forward_alone`. The engine normalises the pixels too; where it folds more of the
network together than freezing does, it is the lower floor of the two.
"""

import torch

from benchmarks.peers.forward_alone import score_in_lanes
from benchmarks.peers.interface import Done, Job, main
from landmark_core.model import load_model
from landmark_core.tagging.opening import open_engine


def run(job: Job) -> Done:
    """Open the model as a run does and score as many photos as SOURCE has."""
    model = load_model(str(job.model), classes=str(job.classes))
    shape = model.preprocess.shape
    engine = open_engine(
        model.module,
        normalise=model.preprocess.normalise,
        image_size=shape,
        output=model.card.output,
    )
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (job.batch, 3, *shape), dtype=torch.uint8, generator=generator)
    photos = score_in_lanes(engine.forward, pixels, job)
    return Done(
        photos=photos,
        settings=f"{engine.precision}, batch {job.batch}, {job.workers} lanes of one thread",
        packages=("landmark-tagger", "torch"),
    )


if __name__ == "__main__":
    main(run)
