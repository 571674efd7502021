"""Which faults pass, and that no text of a client leaves: by hand, with the clients' own types."""

import errno

import pytest

from landmark_core.library.faults import describe_fault, hide_secrets, is_passing


class ClientResponseError(Exception):
    """As aiohttp's: it has a status."""

    def __init__(self, status: int) -> None:
        super().__init__("GET https://h/x?signature=secret")
        self.status = status


class EndpointConnectionError(Exception):
    """As botocore's, which is no OSError."""


@pytest.mark.parametrize(
    ("fault", "passing", "words"),
    [
        (TimeoutError(), True, "timed out"),
        (ConnectionResetError(errno.ECONNRESET, "x"), True, "connection reset by peer"),
        (OSError(errno.EBUSY, "SlowDown"), True, "device or resource busy"),
        (OSError(errno.ESTALE, "x"), True, "stale file handle"),
        (OSError(errno.EINVAL, "InvalidRange"), False, "invalid argument"),
        (OSError(errno.ENAMETOOLONG, "x"), False, "file name too long"),
        (FileNotFoundError("https://h/x?signature=secret"), False, "no such file"),
        (PermissionError("denied for key secret"), False, "permission denied"),
        (ClientResponseError(503), True, "HTTP status 503"),
        (ClientResponseError(429), True, "HTTP status 429"),
        (ClientResponseError(403), False, "permission denied"),
        (EndpointConnectionError("https://secret"), True, "no connection"),
        (ValueError("secret"), False, "ValueError"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_a_fault_is_judged_and_described(fault, passing, words):
    assert (is_passing(fault), describe_fault(fault)) == (passing, words)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://u:p@h/a.jpg?X-Amz-Signature=1#f", "https://h/a.jpg"),
        ("s3://bucket/key@2x.jpg", "s3://bucket/key@2x.jpg"),
    ],
)
def test_urls_lose_what_is_secret(url, shown):
    assert hide_secrets(url) == shown
