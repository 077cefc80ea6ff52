"""`Pulumi.STACK.yaml`: values as the real engine reads them, copies, and what is refused."""

import json
from pathlib import Path

import pytest

from pulumi_martech.engine.embedded.cli import main
from pulumi_martech.engine.embedded.errors import EngineError
from pulumi_martech.engine.embedded.project import Project
from pulumi_martech.engine.embedded.settings import StackSettings
from tests.passphrase import PASSPHRASE, SETTINGS


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with the stacks `dev` and `prod`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)
    monkeypatch.delenv("MARTECH_BACKEND_URL", raising=False)
    (tmp_path / "Pulumi.yaml").write_text("name: office\nruntime: python\n")
    for stack in ("prod", "dev"):
        (tmp_path / f"Pulumi.{stack}.yaml").write_text(SETTINGS)
        assert main(["stack", "init", stack]) == 0
    return Project.find(tmp_path)


def _write(project: Project, text: str) -> StackSettings:
    (project.root / "Pulumi.dev.yaml").write_text(SETTINGS + text)
    return StackSettings(project, "dev")


def test_numbers_and_dates_are_read_as_the_real_engine_reads_them(project: Project) -> None:
    settings = _write(
        project,
        "config:\n"
        "  office:one: 1.0\n  office:big: 1e3\n  office:half: 0.50\n  office:yes: yes\n"
        "  office:day: 2020-01-31\n  office:moment: 2020-01-31T10:00:00Z\n"
        "  office:zone: 2020-01-31T10:00:00+02:00\n"
        "  office:all: {one: 1.0, list: [2.0, 2.5], day: 2020-01-31, none: ~}\n",
    )
    values = {key.partition(":")[2]: item.value for key, item in settings.config().items()}
    day = "2020-01-31 00:00:00 +0000 UTC"
    assert values == {
        "one": "1",
        "big": "1000",
        "half": "0.5",
        "yes": "yes",
        "day": day,
        "moment": "2020-01-31 10:00:00 +0000 UTC",
        "zone": "2020-01-31 10:00:00 +0200 +0200",
        "all": json.dumps(
            {"day": day, "list": [2, 2.5], "none": None, "one": 1}, separators=(",", ":")
        ),
    }


def test_configuration_is_copied_with_its_secrets(
    project: Project, capsys: pytest.CaptureFixture
) -> None:
    for words in (
        "set plain 1", "set --secret key geheim", "set --path o.list[0] first",
        "set --path --secret o.key tief", "cp --dest prod", "rm o", "set plain 2",
        "cp plain --dest prod",
    ):  # fmt: skip
        assert main(["config", *words.split()]) == 0
    text = (project.root / "Pulumi.prod.yaml").read_text()
    assert "geheim" not in text and "tief" not in text
    values = {key: item.value for key, item in StackSettings(project, "prod").config().items()}
    assert values == {
        "office:plain": "2",
        "office:key": "geheim",
        "office:o": '{"key":"tief","list":["first"]}',
    }
    for words, said in (
        ("cp --dest dev", "current stack and destination stack are the same"),
        ("cp --dest test", "no stack named 'test' found"),
        ("cp none --dest prod", "configuration key 'none' not found"),
        ("set a:b:c 1", "could not parse a:b:c as a configuration key"),
    ):
        assert main(["config", *words.split()]) != 0
        assert said in capsys.readouterr().err


def test_what_one_stack_prints_another_one_takes(
    project: Project, capsys: pytest.CaptureFixture
) -> None:
    for words in ("set plain 1", "set --secret key geheim", "set --path o.list[0] true"):
        assert main(["config", *words.split()]) == 0
    capsys.readouterr()
    assert main(["config", "--json", "--show-secrets"]) == 0
    printed = capsys.readouterr().out
    assert main(["config", "-s", "prod", "set-all", "--json", printed]) == 0
    assert StackSettings(project, "prod").config() == StackSettings(project, "dev").config()
    capsys.readouterr()
    assert main(["config", "get", "--json", "o"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "value": '{"list":[true]}',
        "objectValue": {"list": [True]},
        "secret": False,
    }
    assert main(["config", "set-all", "--json", '{"a": 1}']) == 2
    assert "--json must be what `config --json --show-secrets` prints" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("secretsprovider: awskms://key\n", "secrets provider 'awskms://key'"),
        ("encryptedkey: abc\n", "secrets provider"),
        ("environment:\n  - shared\n", "environments of Pulumi Cloud"),
    ],
)
def test_settings_for_the_real_engine_alone_are_refused(
    project: Project, text: str, said: str
) -> None:
    with pytest.raises(EngineError, match=f"{said}.*use a stack on the real `pulumi`"):
        _write(project, text)


def test_a_value_is_set_as_the_type_that_is_named(
    project: Project, capsys: pytest.CaptureFixture
) -> None:
    """As the real one writes them: numbers inside structures, text at the top."""
    for kind, text in (
        ("int", "+007"), ("float", "1e21"), ("float", "0.50"), ("bool", "T"),
        ("string", "5"),
    ):  # fmt: skip
        for key in (f"top{kind}{text[0]}", f"in.{kind}{text[0]}"):
            assert main(["config", "set", "--path", key, "--type", kind, text]) == 0
    found = {k: v.value for k, v in StackSettings(project, "dev").config().items()}
    assert json.loads(found.pop("office:in")) == {
        "int+": 7, "float1": 1e21, "float0": 0.5, "boolT": True, "string5": "5",
    }  # fmt: skip
    assert found == {
        "office:topint+": "7", "office:topfloat1": "1e+21", "office:topfloat0": "0.5",
        "office:topboolT": "true", "office:topstring5": "5",
    }  # fmt: skip
    for kind, text in (
        ("int", "1_000"), ("int", "1.5"), ("int", str(1 << 63)), ("float", "NaN"),
        ("float", "1e400"), ("bool", "yes"),
    ):  # fmt: skip
        assert main(["config", "set", "key", text, "--type", kind]) == 1
        assert f"'{text}' is no {kind}; nothing was changed" in capsys.readouterr().err
    assert main(["config", "set", "key", "1", "--type", "int", "--secret"]) == 2
