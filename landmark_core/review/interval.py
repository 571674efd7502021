"""How far a share that was counted in a sample may lie from the true one. Pure."""

import math

Z_95 = 1.959964  # standard deviations that hold 95 % of the normal distribution


def wilson(count: int, total: int, z: float = Z_95) -> tuple[float, float]:
    """Return the score interval of a share (Wilson 1927, https://doi.org/10.2307/2276774).

    Args:
        count: how many of the sample have the property, 0 <= count <= total.
        total: size of the sample; 0 tells nothing: (0, 1).
        z: width in standard deviations.

    Returns:
        Low and high end, in [0, 1].

    Raises:
        ValueError: if count is not within the sample.
    """
    if not 0 <= count <= total:
        raise ValueError(f"expected a count in 0..{total}, got {count}")
    if total == 0:
        return 0.0, 1.0
    share, weight = count / total, z * z / total
    middle = (share + weight / 2) / (1 + weight)
    half = z * math.sqrt(share * (1 - share) / total + weight / (4 * total)) / (1 + weight)
    return max(0.0, middle - half), min(1.0, middle + half)
