"""What is said of a command that cannot begin, to a person and to a machine."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pulumi_martech.cli import main
from pulumi_martech.engine.embedded.cli import main as embedded
from pulumi_martech.engine.embedded.host import Host
from pulumi_martech.engine.stacks import Engine
from pulumi_martech.operations.stack import made


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[str, str]:
    assert main(words) == 1
    said = capsys.readouterr()
    return said.out, " ".join(said.err.split())


@pytest.mark.parametrize(
    ("words", "verb", "error"),
    [
        (("up", "--json", "--nope"), "up", "No such option: --nope"),
        (("prevew", "--json"), "prevew", "No such command 'prevew'"),
        (("role", "explain", "--json"), "role explain", "Missing argument"),
    ],
)
def test_wrong_usage_is_a_document_where_one_was_asked_for(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], verb: str, error: str
) -> None:
    out, err = refused(capsys, *words)
    told = json.loads(out)
    assert (told["format"], told["verb"], told["exit_code"]) == ("martech/1", verb, 1)
    assert error in told["error"] and "\n" not in told["error"] and err == ""


@pytest.mark.parametrize(
    "verb", [("who",), ("matrix",), ("role", "simplify"), ("partner", "assets")]
)
def test_a_verb_that_reads_the_document_says_so_where_there_is_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: tuple[str, ...]
) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n", encoding="utf-8")
    _, err = refused(capsys, *verb, "-C", str(tmp_path))
    assert f"find the access document: there is none in {tmp_path} (" in err
    assert "this reads the document, a program is not enough" in err
    assert "martech check" not in err and "no program" not in err


def test_a_folder_that_is_gone_is_said_to_be_gone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tmp_path.rmdir()
    for words in (["preview"], ["stack", "ls"], ["--help"]):
        _, err = refused(capsys, *words)
        assert "the folder that you are in is gone; nothing was done" in err
    assert embedded(["stack", "ls"]) == 1
    assert "the folder that this was started in is gone; nothing" in capsys.readouterr().err
    assert embedded(["version"]) == 0
    assert embedded(["-C", "/", "stack", "ls"]) == 1
    assert "no Pulumi.yaml was found in /" in capsys.readouterr().err
    ended = Host().run(["version"], tmp_path, {})
    assert (ended.code, ended.out) == (1, "") and f"{tmp_path} is gone" in ended.err
    told = subprocess.run(
        [sys.executable, "-m", "pulumi_martech.engine.embedded", "stack", "ls"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.stderr.startswith("error: the folder that this was started in is gone")


def test_a_role_on_an_account_that_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, err = refused(capsys, "role", "explain", "marketer", "--on", "nope", "-C", str(tmp_path))
    assert (
        "no account of that key in a document or a stack here; nothing was asked; name one of"
        in err
    )
    _, err = refused(capsys, "role", "explain", "marketer", "--on", "hubspt", "-C", str(tmp_path))
    assert "in a document or a stack here; did you mean 'hubspot'?; nothing was asked" in err


def test_a_new_stack_is_not_said_to_be_selected_by_bare_pulumi() -> None:
    assert made("dev", Engine.EMBEDDED) == "Stack dev is made on the engine embedded and selected."
    assert made("dev", Engine.PULUMI) == (
        "Stack dev is made on the engine pulumi and selected for martech; for bare pulumi select "
        "it too (`pulumi stack select dev`), or say `-s dev`."
    )
