"""The folder of the project, from which relative paths are resolved."""

from pathlib import Path

_PROJECT_FILES = ("Pulumi.yaml", "Pulumi.yml", "Pulumi.json")


def project(start: Path | None = None) -> Path:
    """Return the folder of the nearest project file upwards from ``start``, else ``start``.

    A provider process runs in the folder of the program (``stacks/``), so relative paths are
    resolved from here, not from the working directory.
    """
    start = (start or Path.cwd()).absolute()
    for folder in (start, *start.parents):
        if any((folder / name).is_file() for name in _PROJECT_FILES):
            return folder
    return start
