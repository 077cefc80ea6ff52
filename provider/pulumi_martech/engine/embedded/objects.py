"""State in an object store: S3, or a server that speaks its API, through fsspec.

Credentials, region and endpoint are those of the AWS tools (`AWS_PROFILE`, `AWS_ENDPOINT_URL`).

What was read here is written and removed on the condition that it is still what was read
(`If-Match`), so that a run whose lock was broken changes nothing that the next one has changed.
"""

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from .blobs import missing
from .errors import EngineError, Overtaken

_SETTINGS = {"connect_timeout": 10, "read_timeout": 60}  # seconds
_REFUSED = ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "412", "409", "404")
"""What a server says of a condition that does not hold, or of what is not there to be changed."""

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
        self._seen: dict[str, str | None] = {}  # the version of each object that was read

    def get(self, key: str) -> bytes | None:
        """Return an object."""
        with self._said("read"):
            data, self._seen[key] = self._get(key) or (None, None)
            return data

    def put(self, key: str, data: bytes) -> None:
        """Write an object.

        Raises:
            Overtaken: it was read here, and somebody has changed it since.
        """
        with self._said("written"):
            version = self._put(key, data, self._condition(key))
            if version is None:
                # Or the answer was lost, and it was asked again.
                found, version = self._get(key) or (None, None)
                if found != data:
                    raise Overtaken(
                        f"{self.url}/{key} was changed by somebody else since it was read, and was "
                        "left as it is: look who works on the stack, and do this again"
                    )
            if key in self._seen:
                self._seen[key] = version

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
        return self._put(key, data, {"IfNoneMatch": "*"}) is not None

    def delete(self, keys: list[str]) -> None:
        """Remove objects.

        Raises:
            Overtaken: one was read here, and somebody has changed it since.
        """
        with self._said("removed"):
            for key in keys:
                if not self._remove(key, self._condition(key)) and self._get(key) is not None:
                    raise Overtaken(
                        f"{self.url}/{key} was changed by somebody else since it was read, and was "
                        "not removed"
                    )
                self._seen.pop(key, None)

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

    def _condition(self, key: str) -> dict[str, str]:
        """Return the condition that an object is what was read, if it was."""
        if key not in self._seen:
            return {}
        version = self._seen[key]
        return {"IfNoneMatch": "*"} if version is None else {"IfMatch": version}

    def _get(self, key: str) -> tuple[bytes, str] | None:
        """Return an object with its version."""
        from aiohttp import ClientError
        from fsspec.asyn import sync  # type: ignore[import-untyped]

        try:
            try:
                found: tuple[bytes, str] = sync(self._files.loop, self._read, key)
            except ClientError:  # an answer that breaks off
                found = sync(self._files.loop, self._read, key)
        except FileNotFoundError:
            self._check_bucket()
            return None
        return found

    async def _read(self, key: str) -> tuple[bytes, str]:
        # Not by its parts, nor after a look at its size: that would be two requests.
        answer = await self._files._call_s3("get_object", **self._place(key))
        async with answer["Body"] as body:
            return await body.read(), answer["ETag"]

    def _put(self, key: str, data: bytes, condition: dict[str, str]) -> str | None:
        """Write an object; return its version, `None` if the condition does not hold."""
        answer = self._asked("put_object", {**self._place(key), "Body": data}, condition)
        return None if answer is None else answer["ETag"]

    def _remove(self, key: str, condition: dict[str, str]) -> bool:
        """Remove an object; `False` if the condition does not hold."""
        if "IfNoneMatch" in condition:
            condition = {}
        return self._asked("delete_object", self._place(key), condition) is not None

    def _asked(self, what: str, given: dict[str, Any], condition: dict[str, str]) -> Any:
        """Ask for a change; return the answer, `None` if the condition does not hold."""
        try:
            return self._files.call_s3(what, **given, **condition)
        except OSError as error:
            if "IfMatch" in condition and error.errno == errno.ENOSYS:
                return self._files.call_s3(what, **given)  # a server that knows no conditions
            said = getattr(error.__cause__, "response", {}).get("Error", {})
            if condition and said.get("Code") in _REFUSED:
                return None
            raise

    def _check_bucket(self) -> None:
        """Make sure that there is a bucket: without one, everything in it is just not there."""
        self._files.call_s3("head_bucket", Bucket=self._bucket)

    @property
    def _bucket(self) -> str:
        return self._root.partition("/")[0]

    def _place(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._path(key).partition("/")[2]}

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
