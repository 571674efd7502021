"""A run as one page of pictures: examples of each decision, heatmaps to review, failures."""

from landmark_core.gallery.gallery import Gallery, page_name, write_gallery
from landmark_core.gallery.thumbnails import Example

__all__ = ["Example", "Gallery", "page_name", "write_gallery"]
