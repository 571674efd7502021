"""Which faults pass, and that no text of a client leaves: by hand, with the clients' own types."""

import errno

import pytest

from landmark_core.library.faults import describe_fault, hide_secrets, is_passing, is_refused


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


class ClientError(Exception):
    """As botocore's: the store's code is in its response."""

    def __init__(self, code: str, status: int) -> None:
        super().__init__("The key AKIAHIDDEN is not known")
        answer = {"HTTPStatusCode": status}
        self.response = {"Error": {"Code": code}, "ResponseMetadata": answer}


class HttpResponseError(Exception):
    """As azure's."""

    def __init__(self, code: str, status: int) -> None:
        super().__init__("Signature not valid: sig=hidden")
        self.error_code, self.status_code = code, status


class ContentLengthError(Exception):
    """As aiohttp's, which has a status whatever the answer had."""

    status = 400


class ClientPayloadError(Exception):
    """As aiohttp's."""


def translated(kind: type[Exception], cause: Exception) -> Exception:
    fault = kind("quotes hidden things")
    fault.__cause__ = cause
    return fault


@pytest.mark.parametrize(
    ("fault", "passing", "refused", "words"),
    [
        (
            translated(PermissionError, ClientError("ExpiredToken", 403)),
            *(False, True, "credentials refused (ExpiredToken)"),
        ),
        (ClientError("InvalidAccessKeyId", 403), False, True, None),
        (translated(OSError, ClientError("RequestTimeout", 400)), True, False, None),
        (
            translated(PermissionError, ClientError("AccessDenied", 403)),
            *(False, False, "permission denied (AccessDenied)"),
        ),
        (ClientError("PreconditionFailed", 412), False, False, "changed since it was listed"),
        (ClientError("NoSuchBucket", 404), False, False, "no such bucket"),
        (ClientError("sig=hidden", 500), True, False, "HTTP status 500"),
        (HttpResponseError("ServerBusy", 503), True, False, "HTTP status 503 (ServerBusy)"),
        (
            HttpResponseError("AuthenticationFailed", 403),
            *(False, True, "credentials refused (AuthenticationFailed)"),
        ),
        (ClientResponseError(401), False, True, "credentials refused (HTTP status 401)"),
        (
            translated(ClientPayloadError, ContentLengthError()),
            *(True, False, "the answer broke off"),
        ),
        (type("NoCredentialsError", (Exception,), {})(), False, True, None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_faults_of_the_three_clients(fault, passing, refused, words):
    assert (is_passing(fault), is_refused(fault)) == (passing, refused)
    said = describe_fault(fault)
    assert "hidden" not in said.lower()
    assert words in (None, said)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://u:p@h/a.jpg?X-Amz-Signature=1#f", "https://h/a.jpg"),
        ("s3://bucket/key@2x.jpg", "s3://bucket/key@2x.jpg"),
        ("https://token@h/a.jpg", "https://h/a.jpg"),
        ("abfs://box@account.dfs.core.windows.net/a", "abfs://box@account.dfs.core.windows.net/a"),
    ],
)
def test_urls_lose_what_is_secret(url, shown):
    assert hide_secrets(url) == shown
