"""Which backend a project's stacks are kept in: a folder beside it, or what a URL names."""

import os
from pathlib import Path

from .errors import EngineError
from .project import Project
from .stores import Backend, FolderBackend


def backend(project: Project) -> Backend:
    """Return the backend of a project.

    It is `.martech/state` beside Pulumi.yaml, or what `MARTECH_BACKEND_URL` names: a folder, or
    `file://` and a folder.

    Raises:
        EngineError: it names a kind of backend that the embedded engine does not have.
    """
    url = os.environ.get("MARTECH_BACKEND_URL")
    if not url:
        return FolderBackend(project.root / ".martech" / "state" / project.name)
    scheme, separator, rest = url.partition("://")
    if separator and scheme != "file":
        raise EngineError(
            f"MARTECH_BACKEND_URL {url!r} is no folder; the embedded engine keeps state in files, "
            "use a stack on the real `pulumi` for other backends"
        )
    folder = (project.root / Path(rest if separator else url).expanduser()).resolve()
    return FolderBackend(folder / project.name)
