import pulumi
import toy
from pulumi.dynamic import CheckResult, CreateResult, ReadResult, Resource, ResourceProvider
from pulumi.runtime.rpc import UNKNOWN

HOLES = {"none": None, "deep": {"none": None, "list": [None, {"none": None}]}}


class OddProvider(ResourceProvider):
    serialize_as_secret_always = False

    def check(self, olds, news):
        return CheckResult({**news, "asked": HOLES, "gone": None}, [])

    def create(self, props):
        made = {"holes": HOLES, "unknown": {"in": [UNKNOWN]}}.get(props["answer"])
        return CreateResult("odd/1", {**props, "made": made})

    def read(self, id_, props):
        return None if props["answer"] == "nothing" else ReadResult(id_, props, props)

    def update(self, id_, olds, news):
        return None


class Odd(Resource, module="odd", name="Odd"):
    made: pulumi.Output[dict]

    def __init__(self, name, answer):
        toy.pickle._Pickler._batch_setitems, toy.pickle._Pickler.save_dict = toy._PICKLER_METHODS
        super().__init__(OddProvider(), name, {"answer": answer, "made": None})
