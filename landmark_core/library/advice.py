"""Say what to type or to allow when a store does not do what it was asked. Pure, but for reading
the environment's endpoints.

The words of each store's own documentation: s3:GetObject and its like
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/security_iam_service-with-iam.html),
storage.objects.get (https://cloud.google.com/storage/docs/access-control/iam-permissions), and
Azure's data roles (https://learn.microsoft.com/azure/role-based-access-control/built-in-roles).
"""

from collections.abc import Mapping
from typing import Literal

from landmark_core.library.faults import (
    code_of,
    hide_secrets,
    is_forbidden,
    is_missing,
    is_passing,
    is_refused,
    names_fault,
)
from landmark_core.protocols import extra_for

Step = Literal["open", "list", "read", "write", "read back", "create", "remove"]

_READING: tuple[Step, ...] = ("open", "list", "read")
_WRITING: tuple[Step, ...] = ("write", "read back", "create", "remove")
_PERMISSIONS: Mapping[str, Mapping[Step, str]] = {
    "s3": {
        "open": "s3:ListBucket on the bucket and s3:GetObject on its objects",
        "list": "s3:ListBucket on the bucket",
        "read": "s3:GetObject on the bucket's objects",
        "read back": "s3:GetObject on the bucket's objects",
        "write": "s3:PutObject on the bucket's objects",
        "create": "s3:PutObject on the bucket's objects",
        "remove": "s3:DeleteObject on the bucket's objects",
    },
    "gs": {
        "open": "storage.objects.list and storage.objects.get",
        "list": "storage.objects.list",
        "read": "storage.objects.get",
        "read back": "storage.objects.get",
        "write": "storage.objects.create",
        "create": "storage.objects.create",
        "remove": "storage.objects.delete",
    },
    "az": {
        **dict.fromkeys(_READING, "the role Storage Blob Data Reader on the container"),
        **dict.fromkeys(_WRITING, "the role Storage Blob Data Contributor on the container"),
    },
}
_CREDENTIALS = {
    "s3": "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (with AWS_SESSION_TOKEN "
    "where there is one), or type: aws sso login",
    "gs": "type: gcloud auth application-default login, or set "
    "GOOGLE_APPLICATION_CREDENTIALS=/path/to/key.json",
    "az": "set AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT_NAME with "
    "AZURE_STORAGE_ACCOUNT_KEY, or the name alone and type: az login",
}
_CREATION = {
    "s3": "aws s3 mb s3://{bucket}",
    "gs": "gcloud storage buckets create gs://{bucket}",
    "az": "az storage container create --name {bucket}",
}
_ENDPOINTS = {
    "s3": "AWS_ENDPOINT_URL",
    "gs": "STORAGE_EMULATOR_HOST",
    "az": "AZURE_STORAGE_CONNECTION_STRING",
}
_OTHER_REGION = frozenset(
    (
        "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException",
        "InvalidRegion", "301", "307", "TemporaryRedirect",
    )
)  # fmt: skip


def advise(
    step: Step, place: str, error: BaseException, environment: Mapping[str, str]
) -> str | None:
    """Return what to do about a failed step, in one line; null where the error itself says it.

    Args:
        step: what was tried.
        place: folder or URL.
        error: what came of it, with what it was raised from.
        environment: variables, for the endpoint that is set there.
    """
    protocol, mark, rest = place.partition("://")
    family = extra_for(protocol.lower()) if mark else None
    if family is None:
        return _advise_folder(error) if not mark else None
    if names_fault(error, "ImportError"):
        return None  # the error says what to install
    code = code_of(error)
    if code == "RequestTimeTooSkewed":
        return "set this machine's clock: the store's time is another"
    if code in _OTHER_REGION:
        return "the bucket is in another region: set AWS_DEFAULT_REGION to that of the bucket"
    if is_refused(error) or "connection_string" in str(error):
        return _CREDENTIALS[family]
    if is_missing(error):
        bucket = rest.partition("/")[0].partition("@")[0]
        return f"check the name; a new one is made by: {_CREATION[family].format(bucket=bucket)}"
    if is_forbidden(error):
        return f"allow {_PERMISSIONS[family][step]}"
    if is_passing(error):
        return _advise_endpoint(family, environment)
    return None


def _advise_endpoint(family: str, environment: Mapping[str, str]) -> str:
    variable = _ENDPOINTS[family]
    value = environment.get(variable)
    if value is None:
        return f"check the network; a store of another maker needs {variable}"
    # A connection string holds the account's key.
    shown = "" if family == "az" else f" (now {hide_secrets(value)})"
    return f"check the network and {variable}{shown}"


def _advise_folder(error: BaseException) -> str | None:
    if names_fault(error, "FileNotFoundError"):
        return "check the path"
    if names_fault(error, "PermissionError"):
        return "let this user read SOURCE and write OUT: ls -ld shows whose they are"
    return None
