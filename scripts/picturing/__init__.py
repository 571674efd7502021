"""What the pictures of a library's pages show: drawn photos, and rows of photos that nobody has."""
