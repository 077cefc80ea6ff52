"""The operations of the engine: preview, up, refresh, destroy and import."""

import contextlib
import json
import os
import sys
from argparse import Namespace
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .context import Context
from .deployment import Deployment
from .deployments import with_salt
from .digest import Digest
from .display import Lines, Shown, Text
from .errors import ChangesExpectedNone, EngineError, Interrupted, UsageError
from .events import EventLog, Events, Listener
from .executor import Observer
from .hooks import DELETE_HOOKS
from .importing import ImportFile
from .interrupts import Interrupts
from .journal import Journal
from .options import Options
from .packs import PolicyPack, open_packs
from .plan import Plan
from .policies import Policies
from .program import Program, output_as_messages
from .project import Project
from .project_config import with_project_config
from .run import Run
from .settings import ConfigValue, StackSettings
from .snapshot import Snapshot, encrypting
from .stack_commands import remove_stack
from .stacks import StackFolder
from .state import Graph, ResourceState
from .targets import UrnTargets
from .versions import check_version

CANCELLED = Interrupted.code


_PARALLEL = 16  # calls to providers at once
_MOST = 256  # of them, as each waits in a thread


def operate(context: Context, kind: str, preview: bool) -> int:
    """Do the operation that the arguments name; return the exit code.

    Raises:
        EngineError: it could not begin, or `--expect-no-changes` does not hold.
    """
    arguments = context.arguments
    project, folder = context.stack()
    check_version(project.required_version)
    options = _options(arguments, kind, project, preview)
    with_program = options.refresh_program or options.destroy_program
    log = arguments.event_log
    request = Request(
        kind,
        options,
        event_log=log if not log or log.startswith("tcp://") else str(context.path(log)),
        json=arguments.json,
        shown=Shown(
            diff=arguments.diff,
            outputs=not arguments.suppress_outputs,
            sames=getattr(arguments, "show_sames", False),
            halves=getattr(arguments, "show_replacement_steps", False),
            config=getattr(arguments, "show_config", False),
        ),
        expect_no_changes=getattr(arguments, "expect_no_changes", False),
        save_plan=context.optional_path("save_plan"),
        plan=context.optional_path("plan"),
        clear_pending_creates=getattr(arguments, "clear_pending_creates", False),
        check_config=not getattr(arguments, "skip_config_validation", False)
        and (kind not in ("refresh", "destroy") or with_program),
        import_file=context.optional_path("file"),
        protect=getattr(arguments, "protect", True),
        message=arguments.message,
        policy_packs=[path.resolve() for path in _paths(context, "policy_pack")],
        policy_configs=_paths(context, "policy_pack_config"),
    )
    settings = context.settings()
    for item in getattr(arguments, "config", []):
        key, separator, value = item.partition("=")
        if not separator:
            raise UsageError(f"--config {item!r} is not KEY=VALUE")
        settings.set(key, value, False, path=arguments.config_path)
        settings.save()
    if getattr(arguments, "exclude_protected", False):
        protected = _protected(folder)
        if protected is None:
            print("There were no unprotected resources to destroy.")
            return 0
        request = replace(request, options=replace(options, excludes=UrnTargets(protected)))
    code = Operation(project, folder, settings).run(request)
    if getattr(arguments, "remove", False) and not code and not preview:
        remove_stack(project, folder, settings)
    return code


def _paths(context: Context, name: str) -> list[Path]:
    """Return the paths of an option that may be given often, and may list several at once."""
    given = getattr(context.arguments, name, [])
    return [context.path(path) for item in given for path in item.split(",")]


def _protected(folder: StackFolder) -> list[str] | None:
    """Return the urns of what is protected and of what it needs; `None` if that is everything."""
    resources = folder.read().get("resources") or []
    base = [ResourceState.from_json(data, lambda _: "null") for data in resources]
    graph = Graph(base)
    kept = {
        id(state): state.urn
        for resource in base
        if resource.protect
        for state in (resource, *graph.transitive_dependencies(resource))
    }
    return None if base and len(kept) == len(base) else sorted(set(kept.values()))


def _options(arguments: Namespace, kind: str, project: Project, preview: bool) -> Options:
    refresh = getattr(arguments, "refresh", None)
    if refresh is None:
        refresh = project.refresh_always and kind in ("preview", "up", "destroy")
    target_replaces = getattr(arguments, "target_replace", [])
    parallel = _parallel() if arguments.parallel is None else arguments.parallel
    run_program = bool(getattr(arguments, "run_program", False))
    return Options(
        preview=preview,
        refresh=refresh,
        refresh_only=kind == "refresh",
        refresh_program=run_program
        and (kind == "refresh" or (bool(refresh) and kind != "destroy")),
        parallel=max(1, min(parallel, _MOST)),
        targets=UrnTargets([*getattr(arguments, "target", []), *target_replaces]),
        target_dependents=getattr(arguments, "target_dependents", False),
        excludes=UrnTargets(getattr(arguments, "exclude", [])),
        exclude_dependents=getattr(arguments, "exclude_dependents", False),
        replaces=UrnTargets([*getattr(arguments, "replace", []), *target_replaces]),
        continue_on_error=getattr(arguments, "continue_on_error", False),
        ignore_protect=getattr(arguments, "ignore_protect", False),
        destroy_program=kind == "destroy" and run_program,
    )


def _parallel() -> int:
    """Return how many calls are made at once where the command line does not say."""
    text = os.environ.get("PULUMI_PARALLEL", "")
    try:
        given = int(text)
    except ValueError:  # nothing, or what the real engine takes for nothing
        given = 0
    return given if given > 0 else _PARALLEL


@dataclass(frozen=True)
class Request:
    """An operation as the command line asks for it.

    Attributes:
        kind: `preview`, `up`, `refresh`, `destroy` or `import`.
        options: how the run is to be done.
        event_log: a file, or `tcp://HOST:PORT`.
        json: print the document of a preview, or the events of a run, in place of lines.
        shown: what the lines show.
        expect_no_changes: it is an error if anything changes.
        save_plan: where a preview leaves its plan.
        plan: what holds the run to a preview.
        clear_pending_creates: forget creates that were interrupted.
        check_config: hold the configuration to what the project asks for.
        import_file: what `import` reads.
        protect: whether what is imported is protected.
        message: a note for the history.
        policy_packs: folders of policy packs.
        policy_configs: their configuration files.
    """

    kind: str
    options: Options
    event_log: str | None = None
    json: bool = False
    shown: Shown = field(default_factory=Shown)
    expect_no_changes: bool = False
    save_plan: Path | None = None
    plan: Path | None = None
    clear_pending_creates: bool = False
    check_config: bool = True
    import_file: Path | None = None
    protect: bool = True
    message: str = ""
    policy_packs: list[Path] = field(default_factory=list)
    policy_configs: list[Path] = field(default_factory=list)


class Operation:
    """One operation on one stack, in a process of its own."""

    def __init__(self, project: Project, folder: StackFolder, settings: StackSettings):
        self._project = project
        self._folder = folder
        self._settings = settings
        self._out = sys.stdout

    def run(self, request: Request) -> int:
        """Do it; return the exit code.

        Raises:
            EngineError: it could not begin, or `--expect-no-changes` does not hold.
        """
        with Interrupts(request.options.preview) as interrupts:
            if request.options.preview:
                return self._run(request, interrupts, None)
            with self._folder.locked(request.kind):
                deployment, journal = self._folder.begin(
                    lambda found: with_salt(found, self._settings.crypter)
                )
                try:
                    return self._run(request, interrupts, journal, deployment)
                finally:
                    journal.close()

    def _run(
        self,
        request: Request,
        interrupts: Interrupts,
        journal: Journal | None,
        deployment: dict[str, Any] | None = None,
    ) -> int:
        started = datetime.now(UTC)
        crypter = self._settings.crypter
        if deployment is None:
            deployment = with_salt(self._folder.kept(), crypter)
        if request.clear_pending_creates:
            deployment = {k: v for k, v in deployment.items() if k != "pending_operations"}
        base = [
            ResourceState.from_json(data, crypter.decrypt)
            for data in deployment.get("resources") or []
        ]
        if journal is None:
            deployment.pop("resources", None)  # only who writes a state needs it in this form
        config = with_project_config(
            self._project, self._folder.name, self._settings.config(), request.check_config
        )
        snapshot = Snapshot(deployment, base, crypter, journal) if journal is not None else None
        digest = Digest(request.options.refresh_only)
        log = EventLog(request.event_log) if request.event_log else None
        shown: Listener = Text(self._out, request.shown)
        if request.json:
            shown = digest if request.options.preview else Lines(self._out)
        secrets = [text for item in config.values() for text in item.secrets]
        events = Events([li for li in (log, shown) if li is not None], secrets)
        observers: list[Observer] = [digest] if request.json else []
        new_plan = Plan() if request.save_plan else None
        with contextlib.ExitStack() as context:
            if log is not None:
                context.callback(log.close)
            packs = context.enter_context(self._packs(request, config, events))
            run = Run(
                self._project,
                self._folder.name,
                request.options,
                base,
                events,
                snapshot,
                Plan.load(request.plan, crypter.decrypt) if request.plan else None,
                new_plan,
                Policies(packs, events),
            )
            if request.kind in ("refresh", "destroy"):
                _check_named(base, request.options)
            if request.kind == "destroy" and not request.options.destroy_program:
                _check_delete_hooks(base, events)
            context.enter_context(output_as_messages(self._project, events))
            interrupts.cancel_by(run.cancel)
            pending = deployment.get("pending_operations") or []
            program = self._program(request, config)
            outcome = Deployment(run, pending, config, observers).execute(program)
        if request.json and request.options.preview:
            print(digest.text(), file=self._out, flush=True)
        if snapshot is not None and journal is not None:
            journal.close()  # nothing is written to it once it is removed
            self._store(request, snapshot, journal, deployment)
            self._remember(request, started, outcome.failed, outcome.changes, config)
        if outcome.failed:
            return CANCELLED if run.cancelled else 1
        if new_plan is not None and request.save_plan is not None:
            new_plan.save(request.save_plan, encrypting(crypter))
        changed = any(count and op not in ("same", "read") for op, count in outcome.changes.items())
        if request.expect_no_changes and changed:
            kind = {"preview": "preview", "up": "update"}.get(request.kind, request.kind)
            raise ChangesExpectedNone(
                f"no changes were expected for {kind} but changes were proposed"
            )
        return 0

    def _packs(
        self, request: Request, config: dict[str, ConfigValue], events: Events
    ) -> contextlib.AbstractContextManager[list[PolicyPack]]:
        return open_packs(
            request.policy_packs,
            request.policy_configs,
            self._project,
            self._folder.name,
            {key: item.value for key, item in config.items()},
            [key for key, item in config.items() if item.secret],
            request.options.preview,
            events,
        )

    def _program(self, request: Request, config: dict[str, ConfigValue]) -> Any:
        if request.kind == "import":
            if request.import_file is None:
                raise UsageError(
                    "`import` needs --file, a file of resources with their inputs and outputs; "
                    "the import of single resources is not covered by the embedded engine"
                )
            return ImportFile.read(request.import_file, request.protect)
        options = request.options
        by_program = options.destroy_program or options.refresh_program
        if request.kind in ("preview", "up") or by_program:
            return Program(self._project, self._folder.name, config)
        return None

    def _store(
        self, request: Request, snapshot: Snapshot, journal: Journal, before: dict[str, Any]
    ) -> None:
        """Write the new state; without a change the checkpoint stays as it is."""
        after = snapshot.deployment()
        same = all(
            (before.get(key) or None) == (after.get(key) or None)
            for key in before.keys() | after.keys()
        )
        if not same or request.clear_pending_creates:
            self._folder.write(after)
        else:
            self._folder.forget(journal)

    def _remember(
        self,
        request: Request,
        started: datetime,
        failed: bool,
        changes: dict[str, int],
        config: dict[str, ConfigValue],
    ) -> None:
        ended = datetime.now(UTC)
        self._folder.remember(
            {
                "kind": {"up": "update", "import": "resource-import"}.get(
                    request.kind, request.kind
                ),
                "startTime": _stamp(min(started, ended)),  # the clock may have been set
                "message": request.message,
                "environment": {},
                "config": {
                    key: {"secret": True} if item.secret else {"value": item.value, "secret": False}
                    for key, item in config.items()
                },
                "stored": {
                    key: json.loads(item.value) if item.is_object else item.value
                    for key, item in config.items()
                    if not item.secret
                }
                | self._settings.stored(),
                "result": "failed" if failed else "succeeded",
                "endTime": _stamp(ended),
                "resourceChanges": changes,
            }
        )


def _check_named(base: list[ResourceState], options: Options) -> None:
    """Refuse targets and excludes that are not in the state.

    Raises:
        EngineError: there is such a urn.
    """
    known = {resource.urn for resource in base}
    for urn in (*options.targets.literals, *options.excludes.literals):
        if urn not in known:
            raise EngineError(f"no resource named '{urn}' found")


def _check_delete_hooks(base: list[ResourceState], events: Events) -> None:
    """Refuse to delete without the program what has hooks in it.

    Raises:
        EngineError: there is such a resource.
    """
    found = False
    for state in base:
        names = [n for kind in DELETE_HOOKS for n in state.resource_hooks.get(kind, ())]
        if names:
            found = True
            events.diagnostic(
                "error",
                "Resource has delete hooks registered, but the program is not running. "
                f"Hooks: {', '.join(names)}",
                state.urn,
            )
    if found:
        raise EngineError(
            "You must run with the `--run-program` flag to use delete hooks during destroy."
        )


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
