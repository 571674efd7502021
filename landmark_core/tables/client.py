"""The clients of stores behind fsspec: opened by URL, and what their errors say.

Each client raises its own kinds; the few marks that they share are read here.
"""

from typing import Any

import fsspec
from fsspec.core import url_to_fs

from landmark_core.addresses import clean_text, without_secrets
from landmark_core.errors import ConfigError
from landmark_core.protocols import extra_for


def open_client(url: str) -> tuple[fsspec.AbstractFileSystem, str]:
    """Return the client for a URL and the path there, without asking the store anything.

    Raises:
        ConfigError: if nothing installed can open such URLs.
    """
    scheme = url.partition("://")[0]
    try:
        # Listings are asked anew: other runs and people write to the same place.
        file_system, root = url_to_fs(url, use_listings_cache=False)
    except ImportError as error:
        extra = extra_for(scheme)
        needed = f"landmark-tagger[{extra}]" if extra else f"the fsspec package for {scheme}://"
        place = without_secrets(url)
        raise ConfigError(f"cannot open {place}: pip install '{needed}'") from error
    except ValueError as error:
        reason = clean_text(_first_line(error))
        raise ConfigError(f"cannot open {without_secrets(url)}: {reason}") from error
    return file_system, str(root).rstrip("/")


def http_status(error: BaseException) -> int | None:
    """Return the status that the store answered with, where botocore's response is at hand."""
    seen: BaseException | None = error
    while seen is not None:
        response = getattr(seen, "response", None)
        if isinstance(response, dict):
            status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            return status if isinstance(status, int) else None
        seen = seen.__cause__
    return None


def is_unknown_option(error: Exception) -> bool:
    """Whether the client is too old to know of creating."""
    return isinstance(error, TypeError) or type(error).__name__ == "ParamValidationError"


def _first_line(error: BaseException) -> str:
    """Return the kind of an error and the first line of its text."""
    lines: list[Any] = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
