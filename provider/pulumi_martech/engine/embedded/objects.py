"""State in an object store: S3, or a server that speaks its API, through fsspec.

Credentials, region and endpoint are those of the AWS tools (`AWS_PROFILE`, `AWS_ENDPOINT_URL`).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from .blobs import missing
from .errors import EngineError

_SETTINGS = {"connect_timeout": 10, "read_timeout": 60}  # seconds

T = TypeVar("T")


class Objects:
    """The objects of a bucket whose keys begin in one way."""

    def __init__(self, url: str):
        """Take `s3://BUCKET` or `s3://BUCKET/PREFIX`; nothing is asked yet."""
        try:
            from s3fs import S3FileSystem  # type: ignore[import-untyped]
        except ImportError:
            raise missing("s3fs", "s3") from None
        self.url = url.rstrip("/")
        self._root = self.url.removeprefix("s3://")
        self._files: Any = S3FileSystem(
            use_listings_cache=False, skip_instance_cache=True, config_kwargs=_SETTINGS
        )

    def get(self, key: str) -> bytes | None:
        """Return an object."""
        with self._said("read"):
            try:
                data: bytes = self._files.cat_file(self._path(key))
            except FileNotFoundError:
                self._check_bucket()
                return None
            return data

    def put(self, key: str, data: bytes) -> None:
        """Write an object."""
        with self._said("written"):
            self._files.pipe_file(self._path(key), data)

    def add(self, key: str, data: bytes) -> bool:
        """Make an object.

        Raises:
            EngineError: the server does not hold to the condition that there is none yet.
        """
        with self._said("written"):
            if self.get(key) is not None:
                return False
            if not self._made(key, data):
                return self.get(key) == data  # its answer was lost, and it was asked again
            if self._made(key, data):
                self.delete([key])
                raise EngineError(
                    f"the server of {self.url} ignores `If-None-Match`, without which two runs "
                    "could work at once; keep the state in a folder or a database"
                )
            return True

    def _made(self, key: str, data: bytes) -> bool:
        try:
            self._files.pipe_file(self._path(key), data, mode="create")
        except FileExistsError:
            return False
        return True

    def delete(self, keys: list[str]) -> None:
        """Remove objects."""
        with self._said("removed"):
            for key in keys:
                self._files.call_s3("delete_object", Bucket=self._bucket, Key=self._key(key))

    def keys(self, prefix: str) -> list[str]:
        """Return the keys that begin so."""
        with self._said("read"):
            self._check_bucket()
            found = self._files.find(self._path(prefix).rstrip("/"))
            start = len(self._root) + 1
            return sorted(path[start:] for path in found if path[start:].startswith(prefix))

    def alone(self, _key: str, work: Callable[[], T]) -> T:
        """Do the work: an object store lets nobody have anything to himself."""
        return work()

    def _check_bucket(self) -> None:
        """Make sure that there is a bucket: without one, everything in it is just not there."""
        self._files.call_s3("head_bucket", Bucket=self._bucket)

    @property
    def _bucket(self) -> str:
        return self._root.partition("/")[0]

    def _key(self, key: str) -> str:
        return self._path(key).partition("/")[2]

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}"

    @contextmanager
    def _said(self, tried: str) -> Iterator[None]:
        from aiohttp import ClientError  # an answer that breaks off
        from botocore.exceptions import BotoCoreError  # type: ignore[import-untyped]

        try:
            yield
        except (OSError, BotoCoreError, ClientError) as error:
            said = " ".join(str(error).split()) or type(error).__name__
            raise EngineError(
                f"the state in {self.url} cannot be {tried}: {said}; look at the bucket, and at "
                "AWS_PROFILE, AWS_REGION and AWS_ENDPOINT_URL"
            ) from None
