"""The project: Pulumi.yaml."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import EngineError, UsageError
from .yaml_files import read_yaml

_STACK_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")


@dataclass(frozen=True)
class Project:
    """What Pulumi.yaml says.

    Attributes:
        root: the folder of Pulumi.yaml.
        name: the name of the project.
        main: the folder or file of the program, absolute.
        settings: the folder of the stacks' settings.
        refresh_always: the option `refresh: always`.
        required_version: the range of versions of the engine that it asks for.
        config: keys of the configuration with types, defaults and values.
    """

    root: Path
    name: str
    main: Path
    settings: Path
    refresh_always: bool
    required_version: str = ""
    config: dict[str, Any] = field(default_factory=dict)

    @property
    def program(self) -> Path:
        """The file that is run."""
        return self.main if self.main.suffix == ".py" else self.main / "__main__.py"

    @property
    def working_directory(self) -> Path:
        """Where the program and the handlers of providers run."""
        return self.main.parent if self.main.suffix == ".py" else self.main

    @classmethod
    def find(cls, start: Path) -> "Project":
        """Read the project that `start` lies in.

        Raises:
            EngineError: there is none, or it is not for Python.
        """
        for folder in (start, *start.parents):
            for ending in ("yaml", "yml", "json"):
                path = folder / f"Pulumi.{ending}"
                if path.is_file():
                    return cls._read(path)
        raise EngineError(
            f"no Pulumi.yaml was found in {start} or above it; run the command in a project"
        )

    @classmethod
    def _read(cls, path: Path) -> "Project":
        data = read_yaml(path)
        runtime = data.get("runtime")
        kind = runtime.get("name") if isinstance(runtime, dict) else runtime
        if kind != "python":
            raise EngineError(
                f"{path} is for the runtime {kind!r}, the embedded engine runs Python programs "
                "only; use a stack on the real `pulumi`"
            )
        if not isinstance(data.get("name"), str):
            raise EngineError(f"{path} has no name")
        root = path.parent.resolve()
        options = data.get("options") or {}
        config = data.get("config") or {}
        folder = data.get("stackConfigDir") or (config if isinstance(config, str) else ".")
        return cls(
            root,
            data["name"],
            root / (data.get("main") or "."),
            root / folder,
            isinstance(options, dict) and options.get("refresh") == "always",
            str(data.get("requiredPulumiVersion") or ""),
            config if isinstance(config, dict) else {},
        )


def check_stack_name(name: str) -> str:
    """Return the last part of `organization/project/stack`.

    Raises:
        UsageError: the name cannot be used.
    """
    short = name.rsplit("/", 1)[-1]
    if not _STACK_NAME.fullmatch(short):
        raise UsageError(
            f"the stack name {name!r} cannot be used; take letters, digits, '-', '_' and '.'"
        )
    return short
