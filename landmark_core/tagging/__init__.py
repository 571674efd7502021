"""Tagging: predict, explain and draw; the runner puts one shard through them."""
