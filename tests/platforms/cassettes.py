"""Recordings of what real products answered, without secrets and without their address."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import vcr

from pulumi_martech.transport.recording import scrub_request, scrub_response

FOLDER = Path(__file__).parents[1] / "cassettes"


def path_of(platform: str, story: str) -> Path:
    """Return where the recording of a story lies."""
    return FOLDER / platform / f"{story}.yaml"


def origin_of(platform: str) -> str:
    """Return the address that a recording has instead of the real one."""
    return f"https://{platform}.example"


@contextlib.contextmanager
def recording(platform: str, story: str, origin: str) -> Iterator[None]:
    """Record what passes between us and a product at ``origin``."""
    path = path_of(platform, story)
    path.unlink(missing_ok=True)
    with _recorder(origin, origin_of(platform)).use_cassette(str(path), record_mode="all"):
        yield


@contextlib.contextmanager
def replaying(platform: str, story: str) -> Iterator[Any]:
    """Answer from the recording, and nothing else; yields the cassette."""
    origin = origin_of(platform)
    path = str(path_of(platform, story))
    with _recorder(origin, origin).use_cassette(path, record_mode="none") as cassette:
        yield cassette


def _recorder(origin: str, shown: str) -> vcr.VCR:
    def renamed(text: str) -> str:
        return text.replace(origin, shown).replace(origin.replace("/", "\\/"), shown)

    def request(found: Any) -> Any:
        found = scrub_request(found)
        found.uri = renamed(found.uri)
        for name in ("host", "accept-encoding", "connection", "content-length", "user-agent"):
            found.headers.pop(name, None)
        return found

    def response(found: dict[str, Any]) -> dict[str, Any]:
        found = scrub_response(found)
        found["headers"] = _each(found["headers"], renamed, origin.partition("//")[2], shown)
        body = found["body"].get("string")
        if body:
            found["body"] = {"string": renamed(body.decode()).encode()}
        return found

    return vcr.VCR(
        before_record_request=request,
        before_record_response=response,
        decode_compressed_response=True,
        match_on=["method", "path", "query", "body"],
    )


def _each(
    headers: dict[str, list[str]], renamed: Callable[[str], str], host: str, shown: str
) -> dict[str, list[str]]:
    dull = {"content-length", "date", "x-powered-by", "host", "server", "expires"}
    return {
        name: [renamed(value).replace(host, shown.partition("//")[2]) for value in values]
        for name, values in headers.items()
        if name.lower() not in dull
    }
