"""What a command works on: the project and stack that the arguments name."""

from argparse import Namespace
from pathlib import Path

from .errors import EngineError, UsageError
from .project import Project, check_stack_name
from .settings import StackSettings
from .stacks import StackFolder, selected


class Context:
    """The arguments of a command, and what they name."""

    def __init__(self, arguments: Namespace):
        self.arguments = arguments

    @property
    def where(self) -> Path:
        """The working directory.

        Raises:
            EngineError: it is gone.
        """
        try:
            return Path(self.arguments.cwd).resolve()
        except FileNotFoundError:
            raise EngineError(
                "the folder that this was started in is gone; nothing was done: change to one "
                "that is there, or name one with --cwd"
            ) from None

    def project(self) -> Project:
        """Return the project of the working directory."""
        return Project.find(self.where)

    def name(self, project: Project, name: str | None = None) -> str:
        """Return the name of the stack: the given one, that of --stack, or the selected one."""
        name = name or self.arguments.stack or selected(project)
        if not name:
            raise UsageError("no stack is selected; name one with --stack or `stack select`")
        return check_stack_name(name)

    def stack(self, name: str | None = None) -> tuple[Project, StackFolder]:
        """Return the project and the stack, which must be there."""
        project = self.project()
        return project, StackFolder(project, self.name(project, name)).require()

    def settings(self) -> StackSettings:
        """Return the settings of the stack."""
        project, folder = self.stack()
        return StackSettings(project, folder.name, self.optional_path("config_file"))

    def path(self, text: str) -> Path:
        """Return a path that is relative to the working directory."""
        return self.where / text

    def optional_path(self, name: str) -> Path | None:
        """Return the path an option gives, if it is given."""
        text = getattr(self.arguments, name, None)
        return self.path(text) if text else None
