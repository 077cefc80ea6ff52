"""`stack ...`: makes, lists, exports, imports and removes stacks."""

import json
import os
import sys
from collections.abc import Callable
from typing import Any

from .backends import backend
from .context import Context
from .crypter import passphrase
from .deployments import (
    crypter_of,
    imported_deployment,
    opened_deployment,
    renamed_deployment,
    typed_deployment,
    with_salt,
)
from .dot import Style, dot
from .errors import EngineError, UsageError
from .output import dumped
from .project import Project, check_stack_name
from .settings import StackSettings
from .stacks import StackFolder, empty_deployment, select, selected
from .state import STACK_TYPE
from .values import SECRET_MARK, Secret, from_json, to_json


class StackCommands:
    """The commands on stacks, apart from the operations of the engine."""

    def __init__(self, context: Context):
        self._context = context

    def run(self) -> int:
        """Run the command."""
        actions: dict[str | None, Callable[[], int]] = {
            None: self._show,
            "init": self._init,
            "select": self._select,
            "ls": self._ls,
            "rename": self._rename,
            "unselect": self._unselect,
            "rm": self._rm,
            "export": self._export,
            "import": self._import,
            "output": self._output,
            "graph": self._graph,
            "history": self._history,
        }
        return actions[self._context.arguments.action]()

    def _make(self, project: Project, name: str) -> None:
        folder = StackFolder(project, name)
        if folder.exists:
            raise EngineError(f"stack '{name}' already exists")
        where = backend(project)
        if where.is_pulumis and os.environ.get("MARTECH_BACKEND_URL"):  # else it is a guest there
            raise EngineError(
                f"{where.url} lies in a backend of the real `pulumi`, whose stacks the embedded "
                "engine does not have; give MARTECH_BACKEND_URL a place of its own, and take a "
                "stack there by `pulumi stack export` and `stack import`"
            )
        provider = self._context.arguments.secrets_provider
        if provider not in ("default", "passphrase", ""):
            raise UsageError(
                f"the secrets provider {provider!r} is not covered by the embedded engine, which "
                "has `passphrase`; use a stack on the real `pulumi`"
            )
        settings = StackSettings(project, name)
        deployment = empty_deployment()
        if passphrase() is not None:
            settings.crypter.ensure_salt()
        folder.make(with_salt(deployment, settings.crypter))

    def _init(self) -> int:
        project = self._context.project()
        name = self._context.arguments.name or self._context.arguments.stack
        if not name:
            raise UsageError("`stack init` needs a name")
        name = check_stack_name(name)
        self._make(project, name)
        if not self._context.arguments.no_select:
            select(project, name)
        print(f"Created stack '{name}'")
        return 0

    def _select(self) -> int:
        project = self._context.project()
        name = self._context.name(project, self._context.arguments.name)
        folder = StackFolder(project, name)
        if not folder.exists and self._context.arguments.create:
            self._make(project, name)
        folder.require()
        select(project, name)
        return 0

    def _rename(self) -> int:
        project, folder = self._context.stack()
        name = self._context.arguments.name
        *above, short = name.split("/")
        if above[1:] and above[-1] != project.name:
            raise UsageError(
                f"{name} is of another project, which the embedded engine does not rename; "
                f"only the stack's own name can change: `stack rename {short}`"
            )
        settings = StackSettings(project, folder.name)
        renamed = StackSettings(project, check_stack_name(name))
        target = StackFolder(project, check_stack_name(name))
        if target.exists:
            raise EngineError(f"a stack named {target.name} already exists")
        if renamed.path.exists():
            raise EngineError(
                f"{renamed.path.name} is there already, and would be written over; nothing was "
                "changed: move it away first"
            )
        with folder.locked("stack rename"):
            before = folder.read()
            target.make(renamed_deployment(before, project.name, folder.name, target.name))
            target.take_history(folder)
            if settings.path.exists():
                settings.path.rename(renamed.path)
            select(project, target.name)
            folder.remove()
        print(f"Renamed {folder.name} to {target.name}")
        return 0

    def _unselect(self) -> int:
        project = self._context.project()
        if selected(project):
            select(project, None)
            print("Stack was unselected", file=sys.stderr)
        return 0

    def _ls(self) -> int:
        project = self._context.project()
        current = selected(project)
        rows: list[dict[str, Any]] = []
        for name in backend(project).stacks():
            folder = StackFolder(project, name)
            lock = folder.lock
            row: dict[str, Any] = {
                "name": name,
                "current": name == current,
                "updateInProgress": bool(lock),
                "resourceCount": len(folder.read().get("resources") or []),
            }
            runs = folder.history()
            if row["updateInProgress"]:
                row |= {"lockedBy": folder.holder(), "lock": lock}
            if runs:
                row["lastUpdate"] = runs[0]["endTime"]
            rows.append(row)
        if self._context.arguments.json:
            print(dumped(rows))
            return 0
        for row in rows:
            mark = "*" if row["current"] else ""
            print(f"{row['name']}{mark}\t{row.get('lastUpdate', 'n/a')}\t{row['resourceCount']}")
        return 0

    def _rm(self) -> int:
        project, folder = self._context.stack(self._context.arguments.name)
        if not self._context.arguments.yes:
            raise UsageError(f"--yes must be passed in to remove stack '{folder.name}'")
        arguments = self._context.arguments
        settings = StackSettings(project, folder.name)
        remove_stack(project, folder, settings, arguments.preserve_config, arguments.force)
        return 0

    def _export(self) -> int:
        project, folder = self._context.stack()
        crypter = StackSettings(project, folder.name).crypter
        deployment = folder.read()
        if self._context.arguments.show_secrets:
            deployment = opened_deployment(deployment, crypter_of(deployment, crypter))
        text = dumped(typed_deployment(deployment))
        if self._context.arguments.file:
            file = self._context.path(self._context.arguments.file)
            try:
                file.touch(mode=0o600)  # for whoever may read the state
                file.write_text(text + "\n", encoding="utf-8")
            except OSError as error:
                raise EngineError(f"{file} cannot be written: {error.strerror}") from None
        else:
            print(text)
        return 0

    def _import(self) -> int:
        project, folder = self._context.stack()
        if self._context.arguments.file:
            try:
                text = self._context.path(self._context.arguments.file).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                name = self._context.arguments.file
                reason = getattr(error, "strerror", None) or "it is no text"
                raise EngineError(f"{name} cannot be read: {reason}") from None
        else:
            text = sys.stdin.read()
        settings = StackSettings(project, folder.name)
        deployment = imported_deployment(
            text, project, folder, settings, self._context.arguments.force
        )
        with folder.locked("stack import"):
            folder.require()  # it may have gone since, or changed: what is written replaces this
            folder.write(deployment)
        print("Import complete.")
        return 0

    def _graph(self) -> int:
        arguments = self._context.arguments
        _, folder = self._context.stack()
        style = Style(
            fragment=arguments.dot_fragment,
            short=arguments.short_node_name,
            dependencies=None
            if arguments.ignore_dependency_edges
            else arguments.dependency_edge_color,
            parents=None if arguments.ignore_parent_edges else arguments.parent_edge_color,
        )
        text = dot(folder.read().get("resources") or [], style)
        try:
            self._context.path(arguments.file).write_text(text, encoding="utf-8")
        except OSError as error:
            raise EngineError(f"{arguments.file} cannot be written: {error.strerror}") from None
        print(f"Wrote stack dependency graph to `{arguments.file}`", file=sys.stderr)
        return 0

    def _output(self) -> int:
        project, folder = self._context.stack()
        deployment = folder.read()
        crypter = crypter_of(deployment, StackSettings(project, folder.name).crypter)
        outputs: dict[str, Any] = {}
        for resource in deployment.get("resources") or []:
            if resource["type"] == STACK_TYPE and not resource.get("delete"):
                outputs = resource.get("outputs") or {}

        def secret(value: Secret) -> Any:
            opened = to_json(value.value, secret)
            return opened if self._context.arguments.show_secrets else SECRET_MARK

        shown = {
            name: to_json(from_json(value, crypter.decrypt), secret)
            for name, value in outputs.items()
        }
        wanted = self._context.arguments.name
        if wanted is not None and wanted not in shown:
            raise EngineError(f"current stack does not have output property '{wanted}'")
        value = shown if wanted is None else shown[wanted]
        if self._context.arguments.json:
            print(dumped(value))
        elif wanted is not None:
            print(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        else:
            for name, item in sorted(shown.items()):
                text = item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)
                print(f"{name}\t{text}")
        return 0

    def _history(self) -> int:
        project, folder = self._context.stack()
        runs = folder.history()
        if self._context.arguments.page_size:
            start = (self._context.arguments.page - 1) * self._context.arguments.page_size
            runs = runs[start : start + self._context.arguments.page_size]
        if self._context.arguments.show_secrets and runs:
            config = StackSettings(project, folder.name).config()
            for run in runs:
                for key, item in run["config"].items():
                    if item["secret"] and key in config:
                        item["value"] = config[key].value
        for run in runs:
            run.pop("stored", None)  # the configuration as it is in the file, for `config refresh`
        if self._context.arguments.json:
            print(dumped(runs))
            return 0
        for run in runs:
            print(f"{run['version']}\t{run['endTime']}\t{run['kind']}\t{run['result']}")
        return 0

    def _show(self) -> int:
        _, folder = self._context.stack()
        resources = folder.read().get("resources") or []
        print(f"Current stack is {folder.name}: {len(resources)} resources")
        for resource in resources:
            name = resource["urn"].split("::", 3)[3]
            if self._context.arguments.show_urns:
                name += f"\n        URN: {resource['urn']}"
            print(f"    {resource['type']}\t{name}")
        return 0


def remove_stack(
    project: Project,
    folder: StackFolder,
    settings: StackSettings,
    preserve_config: bool = False,
    force: bool = False,
) -> None:
    """Remove a stack with its history, and its settings unless they are to stay.

    Raises:
        EngineError: it has resources, and is not to be removed by `force`; nothing was removed.
    """
    with folder.locked("stack rm"):  # and looked at then, as a run may have ended meanwhile
        if folder.read().get("resources") and not force:
            raise EngineError(
                f"stack '{folder.name}' still has resources; removal rejected. Delete them with "
                "`destroy`, or pass --force to forget them"
            )
        folder.remove()
    if not preserve_config:
        settings.path.unlink(missing_ok=True)
    if selected(project) == folder.name:
        select(project, None)
    print(f"Stack '{folder.name}' has been removed!")
