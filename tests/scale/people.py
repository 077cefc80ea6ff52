"""A provider of people that does nothing, so that what is measured is the engine."""

import os
import pickle
import uuid

import pulumi
from pulumi.dynamic import (
    CheckResult,
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    ResourceProvider,
    UpdateResult,
)

# The SDK wraps these two on every resource and never puts them back.
_PICKLER = (pickle._Pickler._batch_setitems, pickle._Pickler.save_dict)


class PersonProvider(ResourceProvider):
    """Answers at once, and keeps nothing."""

    serialize_as_secret_always = False

    def check(self, olds, news):
        return CheckResult(news, [])

    def diff(self, id_, olds, news):
        return DiffResult(changes=None)

    def create(self, props):
        return CreateResult(str(uuid.uuid4()), {**props, "handle": f"@{props['login']}"})

    def read(self, id_, props):
        inputs = {name: value for name, value in props.items() if name != "handle"}
        return ReadResult(id_, props, inputs)

    def update(self, id_, olds, news):
        return UpdateResult(news)

    def delete(self, id_, props):
        pass


class Person(Resource, module="scale", name="Person"):
    """One of them."""

    handle: pulumi.Output[str]

    def __init__(self, name, opts=None, **props):
        pickle._Pickler._batch_setitems, pickle._Pickler.save_dict = _PICKLER
        super().__init__(PersonProvider(), name, {**props, "handle": None}, opts)


def declare(numbers):
    """Declare people in turns in two accounts; return them."""
    accounts = [
        pulumi.ProviderResource("pulumi-python", name, {"account": name}) for name in ("a", "b")
    ]
    for n in numbers:
        yield Person(
            f"p{n:05}",
            login=f"p{n:05}@example.com",
            display=f"Person {n}",
            roles=["Editors"],
            opts=pulumi.ResourceOptions(provider=accounts[n % 2]),
        )


def wanted():
    """How many are wanted."""
    return range(int(os.environ["PEOPLE"]))
