"""Which faults pass, and that no text of a client leaves: by hand, with the clients' own types."""

import errno

import pytest

from landmark_core.library.faults import (
    ChangedError,
    CutError,
    code_of,
    describe_fault,
    hide_secrets,
    is_changed,
    is_forbidden,
    is_missing,
    is_passing,
    is_refused,
    names_fault,
    status_of,
)


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
        ("ABFSS://box@account/a?sig=1", "ABFSS://box@account/a"),
        ("az://box@account/a#f", "az://box@account/a"),
        ("azure://user:word@h/a", "azure://h/a"),
        ("https://h/a?b?c#d", "https://h/a"),
    ],
)
def test_urls_lose_what_is_secret(url, shown):
    assert hide_secrets(url) == shown


def named(name: str, *bases: type[Exception], **facts: object) -> Exception:
    """A fault of a class of this name, with these attributes."""
    return type(name, bases or (Exception,), facts)()


@pytest.mark.parametrize(
    ("status", "passing"),
    [
        *((status, True) for status in (408, 425, 429, 500, 503, 599)),
        *((status, False) for status in (400, 404, 407, 409, 499)),
    ],
)
def test_a_status_says_whether_it_passes(status, passing):
    assert is_passing(ClientResponseError(status)) is passing


@pytest.mark.parametrize(
    ("fault", "passing"),
    [
        pytest.param(EOFError(), True, id="end-of-file"),
        pytest.param(OSError("no number"), False, id="no-errno"),
        pytest.param(OSError(errno.EACCES, "x"), False, id="forbidden-errno"),
        pytest.param(IsADirectoryError(errno.EIO, "x"), False, id="lasting-type-before-errno"),
        pytest.param(named("ReadTimeoutError"), True, id="a-name"),
        pytest.param(named("Own", type("SlowDownBase", (Exception,), {})), True, id="bases-name"),
        pytest.param(translated(OSError, named("ProxyError")), True, id="the-causes-name"),
        pytest.param(
            translated(FileNotFoundError, ClientError("SlowDown", 404)), True, id="code-first"
        ),
        pytest.param(ClientError("NotSlowDown", 404), False, id="code-begins-otherwise"),
    ],
)
def test_what_passes_without_a_status(fault, passing):
    assert is_passing(fault) is passing


@pytest.mark.parametrize(
    ("ask", "fault", "answer"),
    [
        pytest.param(is_changed, ChangedError(), True, id="changed"),
        pytest.param(is_changed, ClientResponseError(412), True, id="412"),
        pytest.param(is_changed, ClientResponseError(416), True, id="416"),
        pytest.param(is_changed, ClientError("PreconditionFailed", 400), True, id="code"),
        pytest.param(is_changed, ClientError("412", 400), True, id="code-412"),
        pytest.param(is_changed, ClientResponseError(404), False, id="gone-is-not-changed"),
        pytest.param(is_missing, ClientResponseError(404), True, id="404"),
        pytest.param(is_missing, ClientResponseError(410), True, id="410"),
        pytest.param(is_missing, ClientResponseError(409), False, id="409"),
        pytest.param(is_missing, FileNotFoundError(), True, id="no-file"),
        pytest.param(is_missing, named("Sub", FileNotFoundError), True, id="a-kind-of-no-file"),
        pytest.param(is_missing, translated(OSError, FileNotFoundError()), True, id="from-no-file"),
        pytest.param(is_forbidden, ClientResponseError(403), True, id="403"),
        pytest.param(is_forbidden, PermissionError(), True, id="permission"),
        pytest.param(is_forbidden, OSError("Forbidden: x"), True, id="gcsfs"),
        pytest.param(is_forbidden, OSError("x Forbidden: "), False, id="text-elsewhere"),
        pytest.param(is_forbidden, ClientResponseError(401), False, id="401"),
        pytest.param(is_refused, ClientError("403", 401), True, id="digits-are-no-code"),
        pytest.param(is_refused, ClientError("ExpiredTokenX", 401), False, id="another-code"),
    ],
)
def test_kinds_of_faults(ask, fault, answer):
    assert ask(fault) is answer


def test_a_cause_is_asked_too_but_not_without_end():
    fault: BaseException = FileNotFoundError()
    for asked in (True, True, True, True, True, False):
        outer = OSError("quotes it")
        outer.__cause__, fault = fault, outer
        assert names_fault(fault, "FileNotFoundError") is asked


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        pytest.param(named("A", status=100), 100, id="least"),
        pytest.param(named("A", status=99), None, id="below"),
        pytest.param(named("A", status=599), 599, id="most"),
        pytest.param(named("A", status=600), None, id="beyond"),
        pytest.param(named("A", status="404"), 404, id="digits"),
        pytest.param(named("A", status="404 Not Found"), None, id="words"),
        pytest.param(named("A", status_code=500), 500, id="azure"),
        pytest.param(named("A", code=503), 503, id="google"),
        pytest.param(named("A", status=1, code=503), 503, id="another-number"),
        pytest.param(named("A", response={}), None, id="no-metadata"),
        pytest.param(named("A", response={"ResponseMetadata": {}}, code=404), 404, id="botocore"),
        pytest.param(translated(OSError, ClientError("X1", 418)), 418, id="of-the-cause"),
        pytest.param(named("ServerDisconnectedError", status=400), None, id="broken-off"),
    ],
)
def test_status_of_a_fault(fault, status):
    assert status_of(fault) == status


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        pytest.param(ClientError("NoSuchKey", 404), "NoSuchKey", id="botocore"),
        pytest.param(named("A", error_code="BlobNotFound"), "BlobNotFound", id="azure"),
        pytest.param(named("A", error_code=named("B", value="Busy1")), "Busy1", id="azures-enum"),
        pytest.param(named("A", error_code=5), None, id="a-number"),
        pytest.param(named("A", response={"Error": "text"}, error_code="Az"), None, id="too-short"),
        pytest.param(named("A", response={"Error": "text"}, error_code="Azu"), "Azu", id="other"),
        pytest.param(ClientError("404", 404), "404", id="digits"),
        pytest.param(ClientError("a" * 61, 404), "a" * 61, id="longest"),
        pytest.param(ClientError("a" * 62, 404), None, id="long-enough-for-a-secret"),
        pytest.param(translated(OSError, ClientError("Slow", 503)), "Slow", id="of-the-cause"),
        pytest.param(ValueError(), None, id="none"),
    ],
)
def test_code_of_a_fault(fault, code):
    assert code_of(fault) == code


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (CutError(3, 10), "expected 10 bytes, got 3"),
        (ChangedError(), "changed since it was listed"),
        (ClientError("ContainerNotFound", 404), "no such bucket"),
        (ClientError("NoSuchKey", 404), "no such file"),
        (named("NoCredentialsError"), "credentials refused (NoCredentialsError)"),
        (ClientError("404", 404), "no such file"),
        (ClientError("500", 500), "HTTP status 500"),
        (named("ReadTimeoutError"), "timed out"),
        (named("ServerClosedError"), "the answer broke off"),
        (OSError("no number"), "OSError"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_descriptions(fault, words):
    assert describe_fault(fault) == words
