"""Blocks of a real Prefect server lead every process to a bucket that nothing else leads to."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from prefect.blocks.core import Block
from prefect.filesystems import LocalFileSystem, RemoteFileSystem
from prefect.testing.utilities import prefect_test_harness
from pydantic import SecretStr

from flows.credentials import apply_storage_block
from landmark_core.errors import ConfigError
from landmark_core.library import open_listing

pytestmark = [
    pytest.mark.orchestration,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # moto's sockets
]
ROOT = Path(__file__).parents[2]
LIST = "from landmark_core.library import open_listing as o; print(*(r.location for r in o(%r)))"


class AwsLike(Block):
    """The fields of prefect-aws' AwsCredentials."""

    _block_type_slug = "aws-like"

    class Client(Block):
        endpoint_url: str | None = None

    aws_access_key_id: str | None = None
    aws_secret_access_key: SecretStr | None = None
    aws_session_token: str | None = None
    profile_name: str | None = None
    region_name: str | None = None
    aws_client_parameters: Client = Client()


@pytest.fixture(scope="module")
def prefect_server() -> Iterator[None]:
    with prefect_test_harness(server_startup_timeout=90):
        yield


@pytest.fixture
def photos(s3_endpoint, monkeypatch) -> Iterator[str]:
    """A bucket of one photo, and an environment that says nothing of it."""
    store = fsspec.filesystem("s3", skip_instance_cache=True)
    store.mkdir("blocks")
    store.pipe_file("blocks/a.jpg", b"x")
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setitem(fsspec.config.conf, "s3", {})
    monkeypatch.setenv("FSSPEC_S3", "{}")  # so that it is as before after the test
    kind = fsspec.get_filesystem_class("s3")
    kind.clear_instance_cache()
    yield s3_endpoint
    store.rm("blocks", recursive=True)
    kind.clear_instance_cache()


def listed_here_and_elsewhere() -> list[str]:
    here = [ref.location for ref in open_listing("s3://blocks")]
    code = [sys.executable, "-c", LIST % "s3://blocks"]
    done = subprocess.run(code, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == here
    return here


def test_prefects_own_file_system_block(prefect_server, photos):
    settings = {"key": "testing", "secret": "block-secret", "endpoint_url": photos}
    RemoteFileSystem(basepath="s3://blocks", settings=settings).save("own", overwrite=True)
    assert apply_storage_block("remote-file-system/own") == ("s3",)
    assert listed_here_and_elsewhere() == ["s3://blocks/a.jpg"]


def test_a_credentials_block_of_prefect_aws_shape(prefect_server, photos):
    block = AwsLike(
        aws_access_key_id="testing",
        aws_secret_access_key=SecretStr("block-secret"),
        region_name="us-east-1",
        aws_client_parameters=AwsLike.Client(endpoint_url=photos),
    )
    block.save("archive", overwrite=True)
    apply_storage_block("aws-like/archive")
    assert fsspec.config.conf["s3"]["secret"] == "block-secret"
    assert listed_here_and_elsewhere() == ["s3://blocks/a.jpg"]


@pytest.mark.parametrize("name", ["remote-file-system/none", "archive", "no-such-type/x"])
def test_a_block_that_is_not_there_is_one_line(prefect_server, name):
    with pytest.raises(ConfigError, match="name of a block such as"):
        apply_storage_block(name, dict(os.environ))


def test_a_block_of_another_kind_is_refused(prefect_server, tmp_path):
    LocalFileSystem(basepath=str(tmp_path)).save("disk", overwrite=True)
    with pytest.raises(ConfigError):
        apply_storage_block("local-file-system/disk", dict(os.environ))
