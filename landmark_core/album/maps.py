"""The places of an album's photos → maps: of all of them, and of each landmark."""

from landmark_core.album.atlas import Map, Spot, draw_map, frame
from landmark_core.tables import Scratch

_CELLS = 90  # across a map: what is nearer than that is one spot

_EXTENT = """
SELECT min(latitude), min(longitude), max(latitude), max(longitude)
FROM photos JOIN made USING (key) WHERE latitude IS NOT NULL AND ($shelf IS NULL OR shelf = $shelf)
"""

_SPOTS = """
SELECT avg(latitude), avg(longitude), count(*)
FROM photos JOIN made USING (key) WHERE latitude IS NOT NULL AND ($shelf IS NULL OR shelf = $shelf)
GROUP BY floor(latitude / $cell), floor(longitude / $cell)
"""


def map_of(scratch: Scratch, shelf: str | None = None) -> Map | None:
    """Return a map of where photos were taken; null where none says.

    Args:
        scratch: with filled shelves and made pictures.
        shelf: one landmark; null for all of the album.
    """
    found = scratch.database.execute(_EXTENT, {"shelf": shelf}).fetchone()
    if found is None or found[0] is None:
        return None
    extent = frame(*found)
    cell = max(extent.east - extent.west, extent.north - extent.south) / _CELLS
    spots = scratch.database.execute(_SPOTS, {"shelf": shelf, "cell": cell}).fetchall()
    return draw_map(
        extent,
        [
            Spot(latitude=latitude, longitude=longitude, photos=photos)
            for latitude, longitude, photos in spots
        ],
    )
