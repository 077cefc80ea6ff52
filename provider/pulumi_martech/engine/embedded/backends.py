"""Which backend a project's stacks are kept in: a folder beside it, or what a URL names."""

import os
from pathlib import Path

from .blobs import BlobBackend
from .errors import EngineError
from .project import Project
from .stores import Backend, FolderBackend

_DATABASES = ("postgres", "postgresql", "sqlite")


def backend(project: Project) -> Backend:
    """Return the backend of a project.

    It is `.martech/state` beside Pulumi.yaml, or what `MARTECH_BACKEND_URL` names: a folder,
    `file://FOLDER`, `s3://BUCKET/PREFIX`, `postgresql://USER@HOST/DATABASE` or `sqlite:///FILE`.

    Raises:
        EngineError: it names a kind of backend that the embedded engine does not have, or one that
            needs a library which is not there.
    """
    url = os.environ.get("MARTECH_BACKEND_URL", "").strip()
    if not url:
        return FolderBackend(project.root / ".martech" / "state" / project.name)
    scheme, separator, rest = url.partition("://")
    scheme = scheme.lower() if separator else ""
    if not separator or scheme == "file":
        folder = (project.root / Path(rest if separator else url).expanduser()).resolve()
        return FolderBackend(folder / project.name)
    if scheme == "s3" and rest.strip("/"):
        if "?" in rest:
            raise EngineError(
                "MARTECH_BACKEND_URL has settings behind a `?`, which the embedded engine does not "
                "take for s3://; set AWS_REGION, AWS_ENDPOINT_URL and AWS_PROFILE"
            )
        from .objects import Objects

        return BlobBackend(Objects(f"s3://{rest}"), project.name)
    if scheme in _DATABASES:
        from .database import Table

        return BlobBackend(Table(f"{scheme}://{rest}", project.root), project.name)
    raise EngineError(
        f"MARTECH_BACKEND_URL begins with {scheme}://, which is no backend of the embedded engine; "
        "it takes a folder, s3://BUCKET/PREFIX, postgresql://USER@HOST/DATABASE or "
        "sqlite:///FILE; use a stack on the real `pulumi` for others"
    )
