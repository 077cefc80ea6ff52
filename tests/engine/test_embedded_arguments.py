"""What of the real command line is taken, and how the rest is refused: by name, before anything."""

from pathlib import Path

import pytest

from pulumi_martech.engine.embedded.arguments import parse
from pulumi_martech.engine.embedded.cli import _as_preview, main
from pulumi_martech.engine.embedded.errors import UsageError

# The commands of the real CLI 3.259, by what this engine makes of them.
TAKEN = [
    "preview", "up", "refresh", "destroy", "import --file resources.json", "stack",
    "stack init dev", "stack new dev", "stack select dev", "stack ls", "stack list", "stack rm dev",
    "stack remove dev",
    "stack export", "stack import", "stack output", "stack history", "config", "config get key",
    "config set key value", "config set --type int key 1",
    "config set-all --plaintext key=value", "config rm key",
    "config remove key", "config rm-all one two", "config remove-all one two",
    "config cp --dest prod", "config copy --dest prod", "cancel", "version", "whoami", "plugin ls",
    "state delete urn", "state rm urn", "state remove one two", "state protect urn",
    "state unprotect --all", "state taint urn", "state untaint --all", "state rename urn name",
    "state repair", "stack rename prod", "stack unselect", "config refresh --force",
    "pre", "update", "down", "dn", "stack create dev", "stack setup dev --yes", "stack delete -f",
    "stack hist", "config delete key", "config delete-all one two", "plugin list", "plugin delete",
    "plugin install --server x resource random", "whoami -v",
    "stack graph g.dot --short-node-name",
]  # fmt: skip
REFUSED = [
    "about", "api", "console", "convert", "deployment", "do", "env", "gen-completion", "insights",
    "install", "login", "logout", "logs", "neo", "new", "org", "package", "policy", "project",
    "schema", "template", "state edit", "state get", "state move", "state upgrade", "watch",
    "stack change-secrets-provider", "stack drift", "stack get", "stack migrate",
    "esc", "help", "state mv", "stack schedule", "stack tag", "stack webhook", "config env",
]  # fmt: skip

# The flags of its operations, with a value where they take one.
SHARED = [
    "--color never", "-C .", "--cwd .", "--disable-integrity-checking", "-e", "--emoji", "-Q",
    "--fully-qualify-stack-names", "--logflow", "--logtostderr", "--memprofilerate 1",
    "--non-interactive", "--otel-traces x", "--profiling x", "--tracing x", "-v 3", "--verbose 3",
    "-s dev", "--stack dev", "--suppress-permalink", "--suppress-permalink=true",
    "--suppress-progress",
]  # fmt: skip
OPERATION = [
    *SHARED, "-d", "--debug", "--diff", "-j", "--json", "-m note", "--message note", "-p 4",
    "--parallel 4", "--suppress-outputs", "--config-file other.yaml", "--skip-plugin-pre-install",
]  # fmt: skip
PROGRAM = [
    *OPERATION, "-c key=value", "--config key=value", "--config-path",
    "--run-program", "--show-replacement-steps", "--show-sames", "--skip-config-validation",
    "-t urn", "--target urn", "--target-dependents",
]  # fmt: skip
CHANGE = [
    "--exclude-dependents", "--expect-no-changes", "--ignore-protect", "--policy-pack one,two",
    "--policy-pack-config one.json,two.json", "-r", "--refresh", "--refresh=false",
    "--replace urn", "--show-config", "--show-full-output", "--show-policy-remediations",
    "--show-reads", "--target-replace urn",
]  # fmt: skip
WRITES = ["-y", "--yes", "-f", "--skip-preview"]
FLAGS = {
    "preview": [*PROGRAM, *CHANGE, "--save-plan plan.json"],
    "up": [*PROGRAM, *CHANGE, *WRITES, "--continue-on-error", "--plan plan.json"],
    "refresh": [
        *PROGRAM, *WRITES, "--clear-pending-creates", "--exclude-dependents",
        "--expect-no-changes", "--skip-pending-creates",
    ],
    "destroy": [
        *PROGRAM, *WRITES, "--continue-on-error", "--ignore-protect", "-r", "--refresh=false",
        "--remove", "--show-config", "--show-full-output",
    ],
    "import": [
        *OPERATION, "-f resources.json", "--file resources.json", "--generate-code=false",
        "-o code.py", "--out code.py", "--protect=false", "--skip-preview",
        "-y", "--yes",
    ],
}  # fmt: skip
ALONE = {  # what goes with none of some others
    "preview": ["-x urn", "--exclude urn"],
    "up": ["--exclude urn"],
    "refresh": ["-x urn", "--exclude urn", "--preview-only"],
    "destroy": ["-x urn", "--exclude urn", "--preview-only", "--exclude-protected"],
    "import": ["--preview-only"],
}
REFUSED_FLAGS = {
    "preview": [
        "--attach-debugger", "--attach-debugger=all", "--client=x", "--import-file=x", "--neo",
        "--override-env=a=b", "--show-secrets", "--urns",
    ],
    "up": [
        "--attach-debugger", "--neo", "--override-env=a=b", "--secrets-provider=x",
        "--show-secrets", "--strict", "--urns", "https://example.org/program",
    ],
    "refresh": ["--import-pending-creates=x", "--neo", "--override-env=a=b", "--urns"],
    "destroy": ["--neo", "--override-env=a=b", "--urns"],
    "import": [
        "aws:s3/bucket:Bucket", "--from=terraform", "--generate-resources=x", "--parent=a=b",
        "--properties=a", "--provider=a=b", "--urns",
    ],
    "stack": ["--show-ids", "--show-name", "--show-secrets", "-i"],
    "stack init": ["--copy-config-from=x", "--teams=x"],
    "stack ls": ["--organization=x", "--tag=x"],
    "stack rm": ["--remove-backups"],
    "stack export": ["--version=1"],
    "stack output": ["--shell"],
    "stack history": ["--full-dates"],
    "config get": ["--open"],
}  # fmt: skip
NOWHERE = {  # what the real one does not take either
    "preview": ["--continue-on-error", "--preview-only", "--remote", "--no-refresh"],
    "up": ["--preview-only", "-x", "--remote"],
    "refresh": ["--continue-on-error", "--ignore-protect", "--show-config", "--show-reads", "-r"],
    "destroy": ["--exclude-dependents", "--expect-no-changes", "--show-reads"],
    "import": [
        "--continue-on-error", "--exclude=x", "--expect-no-changes", "--no-protect", "--refresh",
        "--run-program", "--show-sames", "--skip-config-validation", "--target=x", "-c",
    ],
    "stack init": ["--remote"],
    "stack ls": ["--suppress-progress"],
    "whoami": ["--exec-kind=x"],
}  # fmt: skip


def test_commands_are_taken() -> None:
    for command in TAKEN:
        assert parse(command.split()).command == command.split()[0]


@pytest.mark.parametrize("command", FLAGS)
def test_flags_are_taken(command: str) -> None:
    for flags in (FLAGS[command], ALONE.get(command, [])):
        words = [word for flag in flags for word in flag.split()]
        assert parse([command, *words]).command == command


def test_other_commands_are_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in REFUSED:
        assert main([*command.split(), "x"]) == 2
        said = capsys.readouterr().err
        assert f"`{command}` is not covered by the embedded engine" in said
        assert "use a stack on the real `pulumi`" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", REFUSED_FLAGS)
def test_other_flags_are_refused_by_name(command: str) -> None:
    values = {"config get": ["key"]}.get(command, [])
    for flag in REFUSED_FLAGS[command]:
        with pytest.raises(UsageError) as refused:
            parse([*command.split(), *values, flag])
        name = f"{command} {flag.partition('=')[0]}"
        assert f"`{name}` is not covered by the embedded engine" in str(refused.value)
        assert "use a stack on the real `pulumi`" in str(refused.value)


def test_nobody_is_sent_to_the_real_engine_for_what_it_has_not() -> None:
    for command, flags in NOWHERE.items():
        for flag in flags:
            name = f"{command} {flag.partition('=')[0]}"
            with pytest.raises(UsageError, match=f"there is no `{name}`, with the real `pulumi` n"):
                parse([*command.split(), flag])
    for words in ("refhresh", "stack foo", "state"):
        with pytest.raises(UsageError, match=f"there is no `{words}`|arguments are required"):
            parse(words.split())
    for words in ("refresh dev", "stack output a b", "config set one two -- -three"):
        with pytest.raises(UsageError, match=r"`.*(dev|b|-three)` is one word too many"):
            parse(words.split())


def test_variables_stand_for_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONTINUE_ON_ERROR", "1")
    monkeypatch.setenv("PULUMI_RUN_PROGRAM", "True")
    monkeypatch.setenv("PULUMI_SKIP_CONFIRMATIONS", "true")
    assert parse(["up"]).continue_on_error
    assert not parse(["destroy", "--continue-on-error=false"]).continue_on_error
    assert parse(["refresh"]).run_program
    assert parse(["refresh"]).yes
    assert not parse(["cancel"]).yes


def test_no_beginning_of_a_flag_stands_for_it() -> None:
    with pytest.raises(UsageError, match="there is no `up --targ`"):
        parse(["up", "--targ", "urn"])


@pytest.mark.parametrize(
    "words", ["-s prod stack output", "stack -s prod output", "stack output -s prod"]
)
def test_a_stack_is_named_anywhere(words: str) -> None:
    assert parse(words.split()).stack == "prod"


def test_what_comes_before_an_action_holds_for_it() -> None:
    before = ["config", "--json", "-s", "prod", "--config-file", "c.yaml"]
    arguments = parse([*before, "get", "key"])
    assert (arguments.json, arguments.stack, arguments.config_file) == (True, "prod", "c.yaml")


def test_options_that_contradict_each_other_are_refused() -> None:
    for words in (
        "up --target a --exclude b",
        "preview --target-replace a --exclude b",
        "destroy --exclude-protected --ignore-protect",
        "refresh --preview-only --yes",
        "destroy --preview-only --skip-preview",
    ):
        with pytest.raises(UsageError, match="cannot be given together"):
            parse(words.split())
    with pytest.raises(UsageError, match="--policy-pack-config needs --policy-pack"):
        parse(["up", "--policy-pack-config", "c.json"])


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("config set --path key --secret value", {"path": True, "secret": True, "value": "value"}),
        ("config set key value --secret=false", {"secret": False}),
        ("config set --secret key value --secret=0", {"secret": False}),
        ("config set key --secret=T value", {"secret": True}),
        ("config set key -- -v", {"key": "key", "value": "-v"}),
        ("config set -- -k -v", {"key": "-k", "value": "-v"}),
        ("config set -s dev key -", {"stack": "dev", "value": "-"}),
        ("config -sdev get key", {"stack": "dev", "action": "get"}),
        ("-s=dev config get key", {"stack": "dev", "key": "key"}),
        ("config get -jsdev key", {"json": True, "stack": "dev"}),
        ("config get key -s one -s two", {"stack": "two"}),
        ("-C there --color never stack -s dev output -j x", {"cwd": "there", "name": "x"}),
        ("stack ls -ja --json=false", {"json": False, "all": True}),
        ("stack history --output json", {"json": True}),
        ("whoami --output=default", {"json": False}),
        ("config set-all --plaintext a=-1 --plaintext=b=c=d", {"plaintext": ["a=-1", "b=c=d"]}),
        ("up -ymnote -p4 -c a=b --config=c=d", {"message": "note", "config": ["a=b", "c=d"]}),
        ("up --refresh=false --refresh=true -t -x", {"refresh": True, "target": ["-x"]}),
        ("up -r=false --run-program=f", {"refresh": False, "run_program": False}),
        ("preview -v3 -v=4 --non-interactive=false", {"non_interactive": False}),
    ],
)
def test_flags_are_taken_anywhere(words: str, found: dict[str, object]) -> None:
    arguments = vars(parse(words.split()))
    assert {name: arguments[name] for name in found} == found


def test_the_preview_before_an_operation_has_its_flags() -> None:
    words = [
        "-s",
        "up",
        "up",
        "-yr",
        "--plan",
        "plan.json",
        "-c",
        "a=b",
        "--config-path=true",
        "--expect-no-changes",
    ]
    preview = _as_preview("up", words)
    assert preview == [
        "preview", "--stack=up", "--refresh=true", "--config=a=b", "--config-path",
    ]  # fmt: skip
    assert parse(preview).stack == "up"
    words = ["refresh", "--yes", "--clear-pending-creates", "-t", "-x", "--run-program=false"]
    assert _as_preview("refresh", words) == [
        "refresh", "--target=-x", "--run-program=false", "--preview-only",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("config set key --secret=yes value", 'invalid argument "yes" for "--secret" flag'),
        ("stack -s", "flag needs an argument: 's' in -s"),
        ("config get key --stack", "flag needs an argument: --stack"),
        ("config set --secret --plaintext key value", "--secret and --plaintext cannot be given"),
        ("config get key -jq", "there is no `config get -q`"),
        ("config -- set", "`set` is no command, as it comes behind `--`"),
    ],
)
def test_flags_that_are_wrong_are_refused(words: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse(words.split())
    assert said in str(refused.value)
