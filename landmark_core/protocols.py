"""Which extra of this package brings the client for which kind of URL. Pure."""

_EXTRAS = {
    "s3": "s3",
    "s3a": "s3",
    "gs": "gs",
    "gcs": "gs",
    "az": "az",
    "abfs": "az",
    "abfss": "az",
}


def extra_for(protocol: str) -> str | None:
    """Return the extra to install for a URL's protocol; null where none of ours brings it."""
    return _EXTRAS.get(protocol)
