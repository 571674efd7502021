"""A run as one page of pictures: examples of each decision, heatmaps to review, failures."""

from landmark_core.gallery.gallery import Gallery, page_name, write_gallery
from landmark_core.gallery.thumbnail import THUMBNAIL_LIMITS, Thumbnail, make_thumbnail
from landmark_core.gallery.thumbnails import Example

__all__ = [
    "THUMBNAIL_LIMITS",
    "Example",
    "Gallery",
    "Thumbnail",
    "make_thumbnail",
    "page_name",
    "write_gallery",
]
