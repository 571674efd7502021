"""Take the credentials of a bucket from a Prefect block, for those who keep them there.

    apply_storage_block("aws-credentials/archive")  # first thing in a flow, and in a task elsewhere

Environment, profiles and instance roles need nothing of this. A block's settings become fsspec's
own configuration (https://filesystem-spec.readthedocs.io/en/latest/features.html#configuration): in
this process, and by the environment in every process that it starts. They appear in no log, no
table and no run file. Blocks are told apart by the fields that they have, so the packages that
bring them (prefect-aws, prefect-gcp, prefect-azure) need not be installed for the others.
"""

import json
import os
from collections.abc import Mapping, MutableMapping
from typing import Any

from prefect.blocks.core import Block

from landmark_core.errors import ConfigError

_EXPECTED = "expected the name of a block such as aws-credentials/archive"
# fsspec reads a setting of a client under any of its protocols; these are the ones it looks at.
_PROTOCOLS = {"s3a": "s3", "gcs": "gs", "abfs": "az", "abfss": "az"}


def apply_storage_block(
    name: str, environment: MutableMapping[str, str] = os.environ
) -> tuple[str, ...]:
    """Load a block and hand its settings to fsspec; call it before the first use of a bucket.

    Args:
        name: "type-slug/block-name", as Prefect's page shows it.
        environment: which processes started from now on will see.

    Returns:
        The protocols that were set, such as ("s3",); never a secret.

    Raises:
        ConfigError: if there is no such block, or none that says how to reach a bucket.
    """
    block = _load(name)
    settings = _settings_of(block)
    if not settings:
        raise ConfigError(f"{_EXPECTED}, got {name!r}, which says nothing of a bucket")
    for protocol, options in settings.items():
        _apply(protocol, options, environment)
    return tuple(settings)


def _load(name: str) -> Any:
    if name.count("/") != 1:
        raise ConfigError(f"{_EXPECTED}, got {name!r}")
    try:
        return Block.load(name)
    except (ValueError, RuntimeError) as error:  # ours to say in one line; theirs may quote values
        raise ConfigError(f"{_EXPECTED}; there is none named {name!r}") from error


def _apply(
    protocol: str, options: Mapping[str, Any], environment: MutableMapping[str, str]
) -> None:
    import fsspec
    from fsspec.config import conf

    kept = {**conf.get(protocol, {}), **options}
    conf[protocol] = kept
    try:
        environment[f"FSSPEC_{protocol.upper()}"] = json.dumps(kept)
    except TypeError as error:
        raise ConfigError(
            f"the settings for {protocol}:// cannot be handed to other processes"
        ) from error
    fsspec.get_filesystem_class(protocol).clear_instance_cache()  # made without these settings


def _settings_of(block: Any) -> dict[str, dict[str, Any]]:
    """Return fsspec's options by protocol, from what a block has."""
    if hasattr(block, "basepath") and hasattr(block, "settings"):  # RemoteFileSystem
        protocol = str(block.basepath).partition("://")[0].lower()
        return {_PROTOCOLS.get(protocol, protocol): _plain(block.settings or {})}
    if hasattr(block, "credentials") and not hasattr(block, "service_account_info"):
        block = block.credentials  # S3Bucket and its like hold the credentials' block
    if hasattr(block, "aws_access_key_id") or hasattr(block, "minio_root_user"):
        return {"s3": _of_aws(block)}
    if hasattr(block, "service_account_info") or hasattr(block, "service_account_file"):
        return {"gs": _of_google(block)}
    if hasattr(block, "connection_string") or hasattr(block, "account_url"):
        return {"az": _of_azure(block)}
    return {}


def _of_aws(block: Any) -> dict[str, Any]:
    client = getattr(block, "aws_client_parameters", None)
    options = {
        "key": _of(block, "aws_access_key_id", "minio_root_user"),
        "secret": _of(block, "aws_secret_access_key", "minio_root_password"),
        "token": _of(block, "aws_session_token"),
        "profile": _of(block, "profile_name"),
        "endpoint_url": _of(client, "endpoint_url"),
    }
    region = _of(block, "region_name")
    return _given(options) | ({"client_kwargs": {"region_name": region}} if region else {})


def _of_google(block: Any) -> dict[str, Any]:
    token = _of(block, "service_account_info") or _of(block, "service_account_file")
    return _given({"token": token, "project": _of(block, "project")})


def _of_azure(block: Any) -> dict[str, Any]:
    url = _of(block, "account_url") or ""
    account = url.partition("://")[2].partition(".")[0]
    return _given({"connection_string": _of(block, "connection_string"), "account_name": account})


def _of(block: Any, *names: str) -> Any:
    """Return the first of a block's fields that has a value, out of its secret."""
    for name in names:
        value = _plain(getattr(block, name, None))
        if value:
            return value
    return None


def _plain(value: Any) -> Any:
    if hasattr(value, "get_secret_value"):
        return _plain(value.get_secret_value())
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    return str(value) if isinstance(value, os.PathLike) else value


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value}
