"""Deal the photos into folds that keep near-duplicates together.

Folds decide what a model has not seen when it is judged, so two copies of one picture must
not sit on both sides. Photos whose ImageNet features are nearly parallel form one group, and
so do photos with close difference hashes
(https://www.hackerfactor.com/blog/index.php?/archives/529-Kind-of-Like-That.html) whose
features agree. Groups are dealt out whole, in an order that their content decides.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from starter.photos import Photo

HASH_DISTANCE = 6  # bits of 64 that may differ between copies,
HASH_COSINE = 0.7  # whose features must agree as well: flat pictures all have the hash 0
FEATURE_COSINE = 0.87  # of ImageNet features; by eye, above it lie copies, series and re-crops


Floats = NDArray[np.float32]
Labels = NDArray[np.int64]


def difference_hash(image: Image.Image) -> int:
    """Return 64 bits: is each pixel of an 8x9 thumbnail brighter than its right neighbour."""
    grey = np.asarray(image.convert("L").resize((9, 8), Image.Resampling.BILINEAR), dtype=np.int16)
    bits = (grey[:, 1:] > grey[:, :-1]).ravel()  # (64,)
    return int("".join("1" if bit else "0" for bit in bits), 2)


def group_near_duplicates(hashes: Sequence[int], features: Floats) -> Labels:
    """Return a group number per photo; near-duplicates, and theirs in turn, share one.

    Args:
        hashes: N difference hashes.
        features: (N, D) pooled features, any scale.

    Returns:
        (N,) the smallest photo number of each photo's group.
    """
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    cosine = unit @ unit.T  # (N, N)
    parent = list(range(len(hashes)))

    def root(number: int) -> int:
        while parent[number] != number:
            number = parent[number]
        return number

    for first, hash_of_first in enumerate(hashes):
        for second in range(first):
            alike = (hash_of_first ^ hashes[second]).bit_count() <= HASH_DISTANCE
            if cosine[first, second] >= (HASH_COSINE if alike else FEATURE_COSINE):
                low, high = sorted((root(first), root(second)))
                parent[high] = low
    return np.array([root(number) for number in range(len(hashes))])


def deal_folds(photos: Sequence[Photo], groups: Labels, folds: int) -> Labels:
    """Return each photo's fold: groups stay whole, labels are spread evenly.

    The groups of a label, largest first and then in the order of their content hash, go
    one by one to the fold that holds the fewest photos of that label.

    Returns:
        (N,) fold numbers in 0..folds-1.
    """
    sizes = np.zeros((folds, max(photo.label for photo in photos) + 2), dtype=np.int64)
    members: dict[int, list[int]] = {}
    for number, group in enumerate(groups.tolist()):
        members.setdefault(group, []).append(number)
    fold_of = np.zeros(len(photos), dtype=np.int64)
    for numbers in sorted(members.values(), key=lambda m: (-len(m), photos[m[0]].digest)):
        label = photos[numbers[0]].label
        fold = min(range(folds), key=lambda f: (sizes[f, label], sizes[f].sum(), f))
        fold_of[numbers] = fold
        for number in numbers:
            sizes[fold, photos[number].label] += 1
    return fold_of
