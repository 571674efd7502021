"""What a soak run does to its photos and its processes."""
