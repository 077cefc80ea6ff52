"""The command line: the part of the real `pulumi` that this engine speaks."""

import argparse
from typing import Any, NoReturn

from .errors import UsageError
from .flags import SWITCH, commands_of, ordered, restored, truthy
from .uncovered import ARGUMENTS, COMMANDS, FLAGS
from .versions import VERSION

_PROGRAM = "embedded"
_IGNORED_FLAGS = (
    "--non-interactive", "--logtostderr", "--logflow", "--disable-integrity-checking",
    "--fully-qualify-stack-names", "--emoji", "-e", "-Q",
)  # fmt: skip
_IGNORED_VALUES = (
    "--color", "--verbose", "-v", "--tracing", "--profiling", "--memprofilerate", "--otel-traces",
    "--tracing-header",
)  # fmt: skip
_NAMES = {  # of the operations, each with what else it is called
    "preview": ["pre"],
    "up": ["update"],
    "refresh": [],
    "destroy": ["down", "dn"],
    "import": [],
}

OPERATIONS = {name: kind for kind, names in _NAMES.items() for name in (kind, *names)}


class _Parser(argparse.ArgumentParser):
    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **{**kwargs, "allow_abbrev": False})

    def error(self, message: str) -> NoReturn:
        """Raise in place of ending the process."""
        raise UsageError(f"{message}; see `{self.prog} --help`")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if isinstance(action, argparse._SubParsersAction) and value not in action.choices:
            what = " ".join([*self.prog.split()[1:], str(value)])
            raise _refused(what, self.prog, what in COMMANDS)
        super()._check_value(action, value)


def _left(words: list[str], command: str, held: list[str]) -> UsageError:
    """Name the first word that a command does not take."""
    word = words[0]
    if word.startswith("-"):
        name = word.partition("=")[0]
        return _refused(
            f"{command} {name}", f"{_PROGRAM} {command}", name in FLAGS.get(command, ())
        )
    what = f"{command} {restored(word, held)}"
    if command in ARGUMENTS:
        return _refused(what, f"{_PROGRAM} {command}", True)
    return UsageError(f"`{what}` is one word too many; see `{_PROGRAM} {command} --help`")


def _refused(what: str, prog: str, known: bool) -> UsageError:
    """Name what this engine does not cover, and whether the real one does."""
    if not known:
        return UsageError(
            f"there is no `{what}`, with the real `pulumi` neither; see `{prog} --help`"
        )
    return UsageError(
        f"`{what}` is not covered by the embedded engine; see `{prog} --help` for what is, or use "
        "a stack on the real `pulumi`"
    )


def parse(words: list[str]) -> argparse.Namespace:
    """Read the command line.

    Raises:
        UsageError: it is wrong or asks for what is not covered.
    """
    parser, shared = _parser(), _shared()
    words, held = ordered(words, parser, shared)
    arguments, rest = parser.parse_known_args(words)
    command = _command(parser, arguments)
    if getattr(arguments, "action", None):
        arguments.action = command.partition(" ")[2]
    if rest:
        raise _left(rest, command, held)
    for name, value in vars(arguments).items():
        setattr(arguments, name, restored(value, held))
    _check_together(arguments)
    if getattr(arguments, "output", "") == "json":
        arguments.json = True
    if truthy("PULUMI_SKIP_CONFIRMATIONS") and command not in ("cancel", "state repair"):
        arguments.yes = True
    return arguments


def _command(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> str:
    """Return the command by its first name, whatever it was called."""
    for name in (arguments.command, getattr(arguments, "action", None)):
        parser = commands_of(parser).get(str(name), parser)
    return parser.prog.removeprefix(f"{_PROGRAM} ")


def in_order(words: list[str]) -> list[str]:
    """Return a command line that was read with commands first and each flag in one long word."""
    found, held = ordered(words, _parser(), _shared())
    return [str(restored(word, held)) for word in found]


def _check_together(arguments: argparse.Namespace) -> None:
    """Refuse options that contradict each other.

    Raises:
        UsageError: there are such options.
    """

    def given(option: str) -> bool:
        return bool(getattr(arguments, option, None))

    pairs = [
        ("target", "exclude"),
        ("target_replace", "exclude"),
        ("exclude_protected", "ignore_protect"),
    ]
    if getattr(arguments, "action", "") == "set":
        pairs += [("secret", "plaintext"), ("secret", "type"), ("plaintext", "type")]
    if OPERATIONS.get(arguments.command) != "preview":  # which is one anyway
        pairs += [("preview_only", "skip_preview"), ("preview_only", "yes")]
    for one, other in pairs:
        if given(one) and given(other):
            names = f"--{one} and --{other}".replace("_", "-")
            raise UsageError(f"{names} cannot be given together")
    if given("policy_pack_config") and not given("policy_pack"):
        raise UsageError("--policy-pack-config needs --policy-pack")


def _parser() -> _Parser:
    parser = _Parser(prog=_PROGRAM, description="the embedded Pulumi engine")
    parser.add_argument("--version", action="version", version=VERSION)
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    shared = _shared()
    nested = _shared(argparse.SUPPRESS)  # what is given before the action holds, too
    for kind, names in _NAMES.items():
        _add_operation(commands.add_parser(kind, parents=[shared], aliases=names), kind)
    _add_stack(commands.add_parser("stack", parents=[shared]), nested)
    _add_config(commands.add_parser("config", parents=[shared]), nested)
    _add_state(commands.add_parser("state", parents=[shared]), nested)
    cancel = commands.add_parser("cancel", parents=[shared])
    cancel.add_argument("name", nargs="?")
    cancel.add_argument("--yes", "-y", action="store_true")
    cancel.add_argument("--lock", default="")  # as `stack ls --json` has it; no other is broken
    commands.add_parser("version", parents=[shared])
    whoami = commands.add_parser("whoami", parents=[_shared()], conflict_handler="resolve")
    _add_json(whoami)
    whoami.add_argument("--verbose", "-v", action="store_true", help="say where state is kept, too")
    _add_plugin(commands.add_parser("plugin", parents=[shared]), nested)
    return parser


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", "-j", action="store_true")
    parser.add_argument("--output", choices=["default", "json"], help="`json` is --json")


def _add_plugin(parser: argparse.ArgumentParser, shared: _Parser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, parser_class=_Parser)
    listing = actions.add_parser("ls", parents=[shared], aliases=["list"])
    _add_json(listing)
    installing = actions.add_parser("install", parents=[shared])
    installing.add_argument("--server")
    removing = actions.add_parser("rm", parents=[shared], aliases=["remove", "delete"])
    removing.add_argument("--yes", "-y", action="store_true")
    for action in (installing, removing):
        action.add_argument("words", nargs="*")


def _shared(default: Any = None) -> _Parser:
    shared = _Parser(add_help=False, argument_default=default)
    shared.add_argument("--cwd", "-C", default=default or ".")
    shared.add_argument("--stack", "-s")
    for flag in _IGNORED_FLAGS:
        shared.add_argument(flag, action="store_true", help=argparse.SUPPRESS)
    for option in _IGNORED_VALUES:
        shared.add_argument(option, help=argparse.SUPPRESS)
    return shared


def _add_operation(parser: argparse.ArgumentParser, name: str) -> None:
    for flag in ("--suppress-progress", "--suppress-permalink", "--debug", "-d"):
        parser.add_argument(flag, action="store_true", help=argparse.SUPPRESS)
    for option in ("--exec-kind", "--exec-agent"):
        parser.add_argument(option, help=argparse.SUPPRESS)
    parser.add_argument("--skip-plugin-pre-install", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--event-log", metavar="FILE")
    parser.add_argument("--parallel", "-p", type=int, default=None)
    parser.add_argument("--message", "-m", default="")
    parser.add_argument("--json", "-j", action="store_true")
    parser.add_argument("--diff", action="store_true")
    parser.add_argument("--suppress-outputs", action="store_true")
    parser.add_argument("--config-file", metavar="FILE")
    if name == "preview":
        parser.set_defaults(preview_only=True, yes=True, skip_preview=True)
    else:
        fast = () if name == "import" else ("-f",)
        parser.add_argument("--yes", "-y", action="store_true")
        parser.add_argument("--skip-preview", *fast, action="store_true")
    if name in ("refresh", "destroy", "import"):
        parser.add_argument("--preview-only", action="store_true")
    if name == "import":
        _add_import(parser)
    else:
        _add_program(parser, name)


def _add_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--file", "-f", metavar="FILE")
    parser.add_argument("--protect", default=True, **SWITCH)
    parser.add_argument("--generate-code", default=False, **SWITCH)
    parser.add_argument("--out", "-o")


def _add_program(parser: argparse.ArgumentParser, name: str) -> None:
    """Add the flags of the operations that know programs."""
    many: dict[str, Any] = {"action": "append", "default": []}
    short = () if name == "up" else ("-x",)
    ran = truthy("PULUMI_RUN_PROGRAM") or None
    parser.add_argument("--run-program", default=ran, **SWITCH)
    parser.add_argument("--target", "-t", metavar="URN", **many)
    parser.add_argument("--target-dependents", action="store_true")
    parser.add_argument("--exclude", *short, metavar="URN", **many)
    parser.add_argument("--show-sames", action="store_true")
    parser.add_argument("--show-replacement-steps", action="store_true")
    parser.add_argument("--skip-config-validation", action="store_true")
    parser.add_argument("--config", "-c", metavar="KEY=VALUE", **many)
    parser.add_argument("--config-path", action="store_true")
    if name != "refresh":
        parser.add_argument("--show-config", action="store_true")
        parser.add_argument("--show-full-output", action="store_true", help=argparse.SUPPRESS)
        parser.add_argument("--ignore-protect", action="store_true")
        parser.add_argument("--refresh", "-r", default=None, **SWITCH)
    if name != "destroy":
        parser.add_argument("--expect-no-changes", action="store_true")
        parser.add_argument("--exclude-dependents", action="store_true")
    if name in ("up", "destroy"):
        going = truthy("PULUMI_CONTINUE_ON_ERROR")
        parser.add_argument("--continue-on-error", default=going, **SWITCH)
    if name == "destroy":
        parser.add_argument("--exclude-protected", action="store_true")
        parser.add_argument("--remove", action="store_true")
    if name in ("preview", "up"):
        for flag in ("--show-reads", "--show-policy-remediations"):
            parser.add_argument(flag, action="store_true", help=argparse.SUPPRESS)
        parser.add_argument("--replace", metavar="URN", **many)
        parser.add_argument("--target-replace", metavar="URN", **many)
        parser.add_argument("--policy-pack", metavar="FOLDER,...", **many)
        parser.add_argument("--policy-pack-config", metavar="FILE,...", **many)
    if name == "preview":
        parser.add_argument("--save-plan", metavar="FILE")
    if name == "up":
        parser.set_defaults(preview_only=False)
        parser.add_argument("--plan", metavar="FILE")
    if name == "refresh":
        parser.add_argument("--clear-pending-creates", action="store_true")
        parser.add_argument("--skip-pending-creates", action="store_true", help=argparse.SUPPRESS)


def _add_stack(parser: argparse.ArgumentParser, shared: _Parser) -> None:
    parser.add_argument("--show-urns", "-u", action="store_true")
    actions = parser.add_subparsers(dest="action", parser_class=_Parser)
    init = actions.add_parser("init", parents=[shared], aliases=["new", "create", "setup"])
    init.add_argument("name", nargs="?")
    init.add_argument("--secrets-provider", default="default")
    init.add_argument("--no-select", action="store_true")
    init.add_argument("--yes", "-y", action="store_true", help=argparse.SUPPRESS)
    select = actions.add_parser("select", parents=[shared])
    select.add_argument("name", nargs="?")
    select.add_argument("--create", "-c", action="store_true")
    select.add_argument("--secrets-provider", default="default")
    renaming = actions.add_parser("rename", parents=[shared])
    renaming.add_argument("name")
    actions.add_parser("unselect", parents=[shared])
    listing = actions.add_parser("ls", parents=[shared], aliases=["list"])
    _add_json(listing)
    listing.add_argument("--all", "-a", action="store_true")
    listing.add_argument("--project", "-p")
    remove = actions.add_parser("rm", parents=[shared], aliases=["remove", "delete"])
    remove.add_argument("name", nargs="?")
    remove.add_argument("--yes", "-y", action="store_true")
    remove.add_argument("--force", "-f", action="store_true")
    remove.add_argument("--preserve-config", action="store_true")
    export = actions.add_parser("export", parents=[shared])
    export.add_argument("--file")
    export.add_argument("--show-secrets", action="store_true")
    importing = actions.add_parser("import", parents=[shared])
    importing.add_argument("--file")
    importing.add_argument("--force", "-f", action="store_true")
    output = actions.add_parser("output", parents=[shared])
    output.add_argument("name", nargs="?")
    output.add_argument("--json", "-j", action="store_true")
    output.add_argument("--show-secrets", action="store_true")
    graph = actions.add_parser("graph", parents=[shared])
    graph.add_argument("file")
    graph.add_argument("--dependency-edge-color", default="#246C60", metavar="COLOUR")
    graph.add_argument("--parent-edge-color", default="#AA6639", metavar="COLOUR")
    graph.add_argument("--ignore-dependency-edges", action="store_true")
    graph.add_argument("--ignore-parent-edges", action="store_true")
    graph.add_argument("--short-node-name", action="store_true")
    graph.add_argument("--dot-fragment", default="", metavar="DOT")
    history = actions.add_parser("history", parents=[shared], aliases=["hist"])
    _add_json(history)
    history.add_argument("--show-secrets", action="store_true")
    history.add_argument("--page-size", type=int, default=0)
    history.add_argument("--page", type=int, default=1)


def _add_state(parser: argparse.ArgumentParser, shared: _Parser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, parser_class=_Parser)
    removing = actions.add_parser("delete", parents=[shared], aliases=["rm", "remove"])
    removing.add_argument("--force", action="store_true")
    removing.add_argument("--target-dependents", action="store_true")
    marking = [
        actions.add_parser(name, parents=[shared])
        for name in ("protect", "unprotect", "untaint", "taint")
    ]
    renaming = actions.add_parser("rename", parents=[shared])
    renaming.add_argument("urn", nargs="?")
    renaming.add_argument("name", nargs="?")
    repairing = actions.add_parser("repair", parents=[shared])
    for action in (removing, *marking):
        action.add_argument("urns", nargs="*", metavar="urn")
    for action in (removing, *marking[:-1]):
        action.add_argument("--all", action="store_true")
    for action in (removing, *marking, renaming, repairing):
        action.add_argument("--yes", "-y", action="store_true")


def _add_config(parser: argparse.ArgumentParser, shared: _Parser) -> None:
    parser.add_argument("--json", "-j", action="store_true")
    parser.add_argument("--show-secrets", action="store_true")
    parser.add_argument("--config-file", metavar="FILE")
    actions = parser.add_subparsers(dest="action", parser_class=_Parser)
    getting = actions.add_parser("get", parents=[shared])
    getting.add_argument("key")
    getting.add_argument("--json", "-j", action="store_true", default=argparse.SUPPRESS)
    setting = actions.add_parser("set", parents=[shared])
    setting.add_argument("key")
    setting.add_argument("value", nargs="?")
    setting.add_argument("--secret", action="store_true")
    setting.add_argument("--plaintext", action="store_true")
    setting.add_argument("--type", choices=["string", "int", "bool", "float"])
    setting.add_argument("--raw", action="store_true", help="keep the end of what is piped in")
    many = actions.add_parser("set-all", parents=[shared])
    many.add_argument("--secret", action="append", default=[], metavar="KEY=VALUE")
    many.add_argument("--plaintext", action="append", default=[], metavar="KEY=VALUE")
    many.add_argument("--json", default="", help="what `config --json` prints")
    removing = actions.add_parser("rm", parents=[shared], aliases=["remove", "delete"])
    removing.add_argument("keys", nargs=1, metavar="key")
    removing_all = actions.add_parser(
        "rm-all", parents=[shared], aliases=["remove-all", "delete-all"]
    )
    removing_all.add_argument("keys", nargs="+")
    copying = actions.add_parser("cp", parents=[shared], aliases=["copy"])
    copying.add_argument("key", nargs="?")
    copying.add_argument("--dest", "-d", required=True, metavar="STACK")
    refreshing = actions.add_parser("refresh", parents=[shared])
    refreshing.add_argument("--force", "-f", action="store_true")
    refreshing.add_argument("--config-file", metavar="FILE", default=argparse.SUPPRESS)
    for action in (getting, setting, many, removing, removing_all, copying):
        action.add_argument("--path", action="store_true")
        action.add_argument("--config-file", metavar="FILE", default=argparse.SUPPRESS)
