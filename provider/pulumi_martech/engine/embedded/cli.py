"""Carries out what the command line asks for."""

import getpass
import json
import os
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .arguments import parse
from .crypter import Crypter, passphrase
from .deployment import Options
from .errors import EngineError, UsageError
from .operations import Operation, Request, dumped
from .project import Project, StackSettings, backend_folder, check_stack_name
from .snapshot import encrypting
from .stacks import (
    VERSION,
    StackFolder,
    empty_deployment,
    select,
    selected,
    stack_names,
)
from .state import STACK_TYPE, ResourceState, provider_urn
from .values import SECRET_MARK, SIGNATURE, Secret, from_json, to_json

_PARALLEL = 16  # calls to providers at once
_ALIASES = {"pre": "preview", "update": "up", "down": "destroy"}


def main(words: list[str]) -> int:
    """Run a command; return the exit code."""
    try:
        arguments = parse(words)
        return _Commands(arguments).run()
    except EngineError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.code
    except BrokenPipeError:
        return 1


class _Commands:
    def __init__(self, arguments: Namespace):
        self._arguments = arguments
        self._where = Path(arguments.cwd).resolve()

    def run(self) -> int:
        """Run the command."""
        command = _ALIASES.get(self._arguments.command, self._arguments.command)
        if command in ("preview", "up", "refresh", "destroy", "import"):
            return self._operate(command)
        if command == "stack":
            return self._stack_dispatch()
        handler: Callable[[], int] = getattr(self, f"_{command}")
        return handler()

    # ------------------------------------------------------------------ what is operated on

    def _project(self) -> Project:
        return Project.find(self._where)

    def _name(self, project: Project, name: str | None = None) -> str:
        name = name or self._arguments.stack or selected(project)
        if not name:
            raise UsageError("no stack is selected; name one with --stack or `stack select`")
        return check_stack_name(name)

    def _stack(self, name: str | None = None) -> tuple[Project, StackFolder]:
        project = self._project()
        return project, StackFolder(project, self._name(project, name)).require()

    def _path(self, text: str) -> Path:
        return self._where / text

    # ------------------------------------------------------------------ operations

    def _operate(self, kind: str) -> int:
        arguments = self._arguments
        project, folder = self._stack()
        config_file = self._path(arguments.config_file) if arguments.config_file else None
        settings = StackSettings(project, folder.name, config_file)
        preview = kind == "preview" or arguments.preview_only
        if not preview and not arguments.skip_preview:
            code = self._ask(kind)
            if code is not None:
                return code
        if arguments.run_program and kind in ("refresh", "destroy"):
            raise UsageError(
                "--run-program is not covered by the embedded engine; use a stack on the real "
                "`pulumi`"
            )
        log = arguments.event_log
        request = Request(
            kind,
            self._options(kind, project, preview),
            event_log=log if not log or log.startswith("tcp://") else str(self._path(log)),
            json=arguments.json and preview,
            diff=arguments.diff,
            show_outputs=not arguments.suppress_outputs,
            expect_no_changes=arguments.expect_no_changes,
            save_plan=self._optional_path("save_plan"),
            plan=self._optional_path("plan"),
            clear_pending_creates=getattr(arguments, "clear_pending_creates", False),
            import_file=self._optional_path("file"),
            protect=getattr(arguments, "protect", True),
            message=arguments.message,
        )
        return Operation(project, folder, settings).run(request)

    def _optional_path(self, name: str) -> Path | None:
        text = getattr(self._arguments, name, None)
        return self._path(text) if text else None

    def _options(self, kind: str, project: Project, preview: bool) -> Options:
        arguments = self._arguments
        refresh = getattr(arguments, "refresh", None)
        if refresh is None:
            refresh = project.refresh_always and kind in ("preview", "up", "destroy")
        parallel = _PARALLEL if arguments.parallel is None else arguments.parallel
        return Options(
            preview=preview,
            refresh=refresh,
            refresh_only=kind == "refresh",
            parallel=max(1, min(parallel, 256)),
            targets=frozenset(arguments.target),
            target_dependents=arguments.target_dependents,
            continue_on_error=getattr(arguments, "continue_on_error", False),
        )

    def _ask(self, kind: str) -> int | None:
        """Show a preview first, in a process of its own, and ask; `None` to go on."""
        interactive = sys.stdin.isatty() and not self._arguments.non_interactive
        if not interactive and not self._arguments.yes:
            raise UsageError(
                "--yes or --skip-preview must be passed in to proceed when running in "
                "non-interactive mode"
            )
        if kind == "import":
            return None
        words = [w for w in sys.argv[1:] if w not in ("--yes", "-y", "--expect-no-changes")]
        if kind == "up":
            at = next(i for i, w in enumerate(words) if w in ("up", "update"))
            words[at] = "preview"
            if "--plan" in words:
                del words[words.index("--plan") : words.index("--plan") + 2]
            words = [w for w in words if w != "--continue-on-error"]
        else:
            words.append("--preview-only")
            words = [w for w in words if w != "--clear-pending-creates"]
        code = subprocess.run(  # noqa: S603 - this very program
            [sys.executable, "-m", __package__, *words], check=False
        ).returncode
        if code:
            return code
        if interactive and not self._arguments.yes:
            answer = input(f"Do you want to perform this {kind}? [y/N] ")
            if answer.strip().lower() not in ("y", "yes"):
                print("confirmation declined, not performing it", file=sys.stderr)
                return 1
        return None

    # ------------------------------------------------------------------ stacks

    def _stack_dispatch(self) -> int:
        action = self._arguments.action or "show"
        handler: Callable[[], int] = getattr(self, f"_stack_{action}")
        return handler()

    def _init(self, project: Project, name: str) -> None:
        folder = StackFolder(project, name)
        if folder.exists:
            raise EngineError(f"stack '{name}' already exists")
        provider = self._arguments.secrets_provider
        if provider not in ("default", "passphrase", ""):
            raise UsageError(
                f"the secrets provider {provider!r} is not covered by the embedded engine, which "
                "has `passphrase`; use a stack on the real `pulumi`"
            )
        settings = StackSettings(project, name)
        deployment = empty_deployment()
        if passphrase() is not None:
            salt = settings.crypter.ensure_salt()
            deployment["secrets_providers"] = {"type": "passphrase", "state": {"salt": salt}}
            if settings.crypter.made:
                settings.save()
        folder.write(deployment)

    def _stack_init(self) -> int:
        project = self._project()
        name = self._arguments.name or self._arguments.stack
        if not name:
            raise UsageError("`stack init` needs a name")
        name = check_stack_name(name)
        self._init(project, name)
        if not self._arguments.no_select:
            select(project, name)
        print(f"Created stack '{name}'")
        return 0

    def _stack_select(self) -> int:
        project = self._project()
        name = self._name(project, self._arguments.name)
        folder = StackFolder(project, name)
        if not folder.exists and self._arguments.create:
            self._init(project, name)
        folder.require()
        select(project, name)
        return 0

    def _stack_ls(self) -> int:
        project = self._project()
        current = selected(project)
        rows: list[dict[str, Any]] = []
        for name in stack_names(project):
            folder = StackFolder(project, name)
            row: dict[str, Any] = {
                "name": name,
                "current": name == current,
                "updateInProgress": folder.is_locked,
                "resourceCount": len(folder.read().get("resources") or []),
            }
            runs = folder.history()
            if runs:
                row["lastUpdate"] = runs[0]["endTime"]
            rows.append(row)
        if self._arguments.json:
            print(dumped(rows))
            return 0
        for row in rows:
            mark = "*" if row["current"] else ""
            print(f"{row['name']}{mark}\t{row.get('lastUpdate', 'n/a')}\t{row['resourceCount']}")
        return 0

    def _stack_rm(self) -> int:
        project, folder = self._stack(self._arguments.name)
        if not self._arguments.yes:
            raise UsageError(f"--yes must be passed in to remove stack '{folder.name}'")
        if folder.read().get("resources") and not self._arguments.force:
            raise EngineError(
                f"stack '{folder.name}' still has resources; removal rejected. Delete them with "
                "`destroy`, or pass --force to forget them"
            )
        with folder.locked("stack rm"):
            folder.remove()
        settings = StackSettings(project, folder.name)
        if not self._arguments.preserve_config:
            settings.path.unlink(missing_ok=True)
        if selected(project) == folder.name:
            (backend_folder(project) / project.name / "selected").unlink(missing_ok=True)
        print(f"Stack '{folder.name}' has been removed!")
        return 0

    def _stack_export(self) -> int:
        project, folder = self._stack()
        deployment = folder.read()
        if self._arguments.show_secrets:
            crypter = StackSettings(project, folder.name).crypter
            deployment = _opened(deployment, crypter)
        text = dumped({"version": 3, "deployment": deployment})
        if self._arguments.file:
            self._path(self._arguments.file).write_text(text + "\n", encoding="utf-8")
        else:
            print(text)
        return 0

    def _stack_import(self) -> int:
        project, folder = self._stack()
        if self._arguments.file:
            try:
                text = self._path(self._arguments.file).read_text(encoding="utf-8")
            except OSError as error:
                name = self._arguments.file
                raise EngineError(f"{name} cannot be read: {error.strerror}") from None
        else:
            text = sys.stdin.read()
        settings = StackSettings(project, folder.name)
        deployment = _imported(text, project, folder, settings, self._arguments.force)
        with folder.locked("stack import"):
            folder.write(deployment)
        if settings.crypter.made:
            settings.save()
        print("Import complete.")
        return 0

    def _stack_output(self) -> int:
        project, folder = self._stack()
        crypter = StackSettings(project, folder.name).crypter
        outputs: dict[str, Any] = {}
        for resource in folder.read().get("resources") or []:
            if resource["type"] == STACK_TYPE and not resource.get("delete"):
                outputs = resource.get("outputs") or {}

        def secret(value: Secret) -> Any:
            opened = to_json(value.value, secret)
            return opened if self._arguments.show_secrets else SECRET_MARK

        shown = {
            name: to_json(from_json(value, crypter.decrypt), secret)
            for name, value in outputs.items()
        }
        wanted = self._arguments.name
        if wanted is not None and wanted not in shown:
            raise EngineError(f"current stack does not have output property '{wanted}'")
        value = shown if wanted is None else shown[wanted]
        if self._arguments.json:
            print(dumped(value))
        elif wanted is not None:
            print(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        else:
            for name, item in sorted(shown.items()):
                text = item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)
                print(f"{name}\t{text}")
        return 0

    def _stack_history(self) -> int:
        project, folder = self._stack()
        runs = folder.history()
        if self._arguments.page_size:
            start = (self._arguments.page - 1) * self._arguments.page_size
            runs = runs[start : start + self._arguments.page_size]
        if self._arguments.show_secrets and runs:
            config = StackSettings(project, folder.name).config()
            for run in runs:
                for key, item in run["config"].items():
                    if item["secret"] and key in config:
                        item["value"] = config[key].value
        if self._arguments.json:
            print(dumped(runs))
            return 0
        for run in runs:
            print(f"{run['version']}\t{run['endTime']}\t{run['kind']}\t{run['result']}")
        return 0

    def _stack_show(self) -> int:
        _, folder = self._stack()
        resources = folder.read().get("resources") or []
        print(f"Current stack is {folder.name}: {len(resources)} resources")
        for resource in resources:
            print(f"    {resource['type']}\t{resource['urn'].split('::', 3)[3]}")
        return 0

    # ------------------------------------------------------------------ configuration

    def _config(self) -> int:
        arguments = self._arguments
        project, folder = self._stack()
        settings = StackSettings(project, folder.name)
        action = arguments.action
        if action == "set":
            value = sys.stdin.read().rstrip("\n") if arguments.value is None else arguments.value
            settings.set(arguments.key, value, arguments.secret)
        elif action == "set-all":
            for secret, items in ((True, arguments.secret), (False, arguments.plaintext)):
                for item in items:
                    key, separator, value = item.partition("=")
                    if not separator:
                        raise UsageError(f"{item!r} is not KEY=VALUE")
                    settings.set(key, value, secret)
        elif action in ("rm", "rm-all"):
            for key in arguments.keys:
                settings.remove(key)
        elif action == "get":
            return self._config_get(settings)
        else:
            return self._config_list(settings)
        settings.save()
        return 0

    def _config_get(self, settings: StackSettings) -> int:
        key = settings.full_key(self._arguments.key)
        found = settings.config().get(key)
        if found is None:
            raise EngineError(f"configuration key '{self._arguments.key}' not found")
        if self._arguments.json:
            print(dumped({"name": key, "value": found.value, "secret": found.secret}))
        else:
            print(found.value)
        return 0

    def _config_list(self, settings: StackSettings) -> int:
        rows: dict[str, dict[str, Any]] = {}
        for key, item in settings.config().items():
            row: dict[str, Any] = {"secret": item.secret}
            if not item.secret or self._arguments.show_secrets:
                row["value"] = item.value
                if item.is_object:
                    row["objectValue"] = json.loads(item.value)
            rows[key] = row
        if self._arguments.json:
            print(dumped(rows))
            return 0
        for key, row in rows.items():
            print(f"{key}\t{row.get('value', SECRET_MARK)}")
        return 0

    # ------------------------------------------------------------------ others

    def _cancel(self) -> int:
        _, folder = self._stack(self._arguments.name)
        if not self._arguments.yes and not sys.stdin.isatty():
            raise UsageError("--yes must be passed in to proceed in non-interactive mode")
        if not self._arguments.yes:
            answer = input(f"Break the lock of stack '{folder.name}'? [y/N] ")
            if answer.strip().lower() not in ("y", "yes"):
                return 1
        folder.cancel()
        print(f"The currently running update for '{folder.name}' has been canceled!")
        return 0

    def _version(self) -> int:
        print(VERSION)
        return 0

    def _whoami(self) -> int:
        try:
            user = getpass.getuser()
        except (KeyError, OSError):
            user = str(os.getuid())
        folder = f"file://{backend_folder(self._project())}" if self._arguments.json else ""
        print(dumped({"user": user, "url": folder}) if folder else user)
        return 0

    def _plugin(self) -> int:
        if self._arguments.action == "ls" and self._arguments.json:
            print("[]")
        return 0


def _opened(deployment: dict[str, Any], crypter: Crypter) -> dict[str, Any]:
    """Show the secrets of a deployment in plain text."""

    def opened(value: Any) -> Any:
        if isinstance(value, list):
            return [opened(item) for item in value]
        if not isinstance(value, dict):
            return value
        if SIGNATURE in value and "ciphertext" in value:
            text = crypter.decrypt(value["ciphertext"])
            return {SIGNATURE: value[SIGNATURE], "plaintext": text}
        return {key: opened(item) for key, item in value.items()}

    shown = dict(deployment)
    for key in ("resources", "pending_operations"):
        if key in shown:
            shown[key] = opened(shown[key])
    return shown


def _imported(
    text: str, project: Project, folder: StackFolder, settings: StackSettings, force: bool
) -> dict[str, Any]:
    """Read what `stack export` gave; secrets are encrypted for this stack."""
    try:
        typed = json.loads(text)
        version, deployment = typed["version"], typed["deployment"]
        resources = deployment.get("resources") or []
        operations = deployment.get("pending_operations") or []
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EngineError(f"this is no deployment: {error}") from None
    if version not in (3, 4):
        raise EngineError(f"a deployment of version {version} cannot be imported, only of 3 and 4")
    salt = ((deployment.get("secrets_providers") or {}).get("state") or {}).get("salt")
    theirs = settings.crypter if salt in (None, settings.crypter.salt) else Crypter(salt)
    same = theirs is settings.crypter
    secret = encrypting(settings.crypter)

    def read(data: dict[str, Any]) -> ResourceState:
        state = ResourceState.from_json(data, theirs.decrypt)
        if not same:
            _forget_ciphertexts([state.inputs, state.outputs])
        return state

    states = [read(data) for data in resources]
    _check_integrity(states, project, folder, force)
    result = {key: value for key, value in deployment.items() if key != "pending_operations"}
    result["resources"] = [state.to_json(secret) for state in states]
    if operations:
        result["pending_operations"] = [
            {**item, "resource": read(item["resource"]).to_json(secret)} for item in operations
        ]
    if settings.crypter.salt:
        state = {"salt": settings.crypter.salt}
        result["secrets_providers"] = {"type": "passphrase", "state": state}
    return result


def _forget_ciphertexts(value: Any) -> None:
    if isinstance(value, Secret):
        value.ciphertext = None
        _forget_ciphertexts(value.value)
    elif isinstance(value, dict):
        for item in value.values():
            _forget_ciphertexts(item)
    elif isinstance(value, list):
        for item in value:
            _forget_ciphertexts(item)


def _check_integrity(
    states: list[ResourceState], project: Project, folder: StackFolder, force: bool
) -> None:
    wanted = f"urn:pulumi:{folder.name}::{project.name}::"
    seen: set[str] = set()
    providers: set[str] = set()
    problems = []
    for state in states:
        if not state.urn.startswith(wanted):
            problems.append(f"{state.urn} belongs to another stack or project")
        if state.provider and state.provider not in providers:
            problems.append(f"{state.urn} comes before its provider {provider_urn(state.provider)}")
        for urn in state.references():
            if urn not in seen:
                problems.append(f"{state.urn} comes before {urn}, which it refers to")
        seen.add(state.urn)
        if state.is_provider:
            providers.add(f"{state.urn}::{state.id}")
    if problems and not force:
        listed = "\n  ".join(problems[:20])
        raise EngineError(
            f"the deployment cannot be imported, nothing was changed:\n  {listed}\n"
            "pass --force to import it all the same"
        )
