"""Stack references: the outputs of other stacks in the same backend."""

from collections.abc import Callable
from dataclasses import replace

from .crypter import Crypter
from .errors import EngineError, StepFailed
from .fibers import aside
from .project import Project, check_stack_name
from .providers import Provider, Read
from .stacks import StackFolder
from .state import STACK_TYPE, ResourceState
from .values import Properties, contains_secrets, forget_ciphertexts

OutputsOf = Callable[[str], Properties]


class StackReferences(Provider):
    """What serves `pulumi:pulumi:StackReference` in place of handlers."""

    def __init__(self, project: str, outputs_of: OutputsOf):
        super().__init__(project, {})
        self._outputs_of = outputs_of

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> Read:
        """Return the outputs of the stack that is named."""
        found = aside(lambda: described(outputs.get("name"), self._outputs_of))
        return Read(resource_id, found, inputs)


def described(name: object, outputs_of: OutputsOf) -> Properties:
    """Return what a reference to a stack puts out.

    Raises:
        StepFailed: there is no such stack.
    """
    outputs = outputs_of(str(name))
    secret = sorted(key for key, value in outputs.items() if contains_secrets(value))
    return {"name": name, "outputs": outputs, "secretOutputNames": secret}


def reader(project: Project) -> OutputsOf:
    """Return the function that reads the outputs of a stack by its name.

    A name is `STACK`, `PROJECT/STACK` or `ORGANIZATION/PROJECT/STACK`; stacks of other projects are
    found where both keep their state in one place.
    """

    def outputs_of(name: str) -> Properties:
        *_, owner, stack = ["", project.name, *name.split("/")]
        if "/" not in name:
            owner = project.name
        try:
            folder = StackFolder(replace(project, name=owner), check_stack_name(stack))
            if not folder.exists:
                raise StepFailed(f'unknown stack "{name}"', uncertain=True)
            return _outputs(folder)
        except EngineError as error:
            raise StepFailed(f"the outputs of stack '{name}' cannot be read: {error}") from None

    return outputs_of


def _outputs(folder: StackFolder) -> Properties:
    deployment = folder.read()
    state = (deployment.get("secrets_providers") or {}).get("state") or {}
    crypter = Crypter(state.get("salt"))
    for data in deployment.get("resources") or []:
        if data["type"] == STACK_TYPE and not data.get("delete"):
            outputs = ResourceState.from_json(data, crypter.decrypt).outputs
            forget_ciphertexts(outputs)
            return outputs
    return {}
