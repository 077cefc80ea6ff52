"""A provider that reports what it was given, for comparing the engine with the SDK's server."""

from typing import Any

import pulumi
from pulumi.dynamic import CheckResult, CreateResult, DiffResult, ReadResult, UpdateResult
from pulumi.dynamic import ResourceProvider as Base


def described(value: Any) -> Any:
    """Write types and values so that nothing is lost on the way."""
    if isinstance(value, pulumi.output.Unknown):
        return "unknown"
    if isinstance(value, dict):
        return {k: described(v) for k, v in sorted(value.items()) if k != "__provider"}
    if isinstance(value, list):
        return [described(v) for v in value]
    return f"{type(value).__name__}:{value}"


class Echo(Base):
    """Answers with a text of its arguments, and with values of many types."""

    serialize_as_secret_always = False

    def configure(self, req):
        self.config = {k: described(v) for k, v in sorted(req.config._props.items())}

    def _answer(self, *given):
        return {
            "given": repr([described(g) for g in given]),
            "config": repr(self.config),
            "whole": 3,
            "part": 0.5,
            "yes": True,
            "nothing": None,
            "empty": [],
            "pair": (1, "x"),
            "deep": {"list": [1, None, {"a": None, "b": 2}], "none": None, "map": {}},
        }

    def check(self, olds, news):
        return CheckResult({**self._answer(olds, news), "login": news.get("login")}, [])

    def diff(self, id_, olds, news):
        return DiffResult(changes=None, replaces=[repr([id_, described(olds), described(news)])])

    def create(self, props):
        return CreateResult("id-1", self._answer(props))

    def read(self, id_, props):
        if id_ == "gone":
            return ReadResult(None, {})
        return ReadResult(id_, self._answer(id_, props), inputs={"login": "live", "n": 7})

    def update(self, id_, olds, news):
        return UpdateResult(self._answer(id_, olds, news))

    def delete(self, id_, props):
        raise RuntimeError(repr([id_, described(props)]))
