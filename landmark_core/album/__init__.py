"""A whole library as a folder of pages with small pictures, by landmark and confidence.

shelves     OUT → photos by landmark, in a scratch room
pictures    photos → small pictures, made once, and where they were taken
atlas, maps places → a map without tiles
pages       all of it → HTML that needs no server
"""

from landmark_core.album.album import Album, write_album

__all__ = ["Album", "write_album"]
