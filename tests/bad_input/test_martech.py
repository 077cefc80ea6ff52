"""Projects, stacks and programs that are not in order: one sentence, and the place in it."""

import json
import shutil

import pytest

from .office import PROJECT, UNSET, Office


def only(office: Office, *args: str, **env: str) -> str:
    """Run a command that must say one error and nothing else that matters; return the error."""
    said = office.refused(*args, **env)
    ending = "error: stack dev was not applied; nothing was written to any platform"
    errors = [line for line in said.lines("error: ") if args[0] != "up" or line != ending]
    assert len(errors) == 1, said.text
    return errors[0].removeprefix("error: ")


def test_no_project(office: Office) -> None:
    empty = office.folder / "elsewhere"
    empty.mkdir()
    error = only(office, "preview", "-C", str(empty))
    assert f"find the project of {empty}: there is no Pulumi.yaml here or above" in error
    assert "or name it with -C FOLDER" in error


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: office\nruntime: [python\n", "Pulumi.yaml:3 cannot be read as YAML"),
        ("runtime: python\n", "does not say the name of the project"),
        ("", "does not say the name of the project"),
        (PROJECT.replace("main: stacks", "main: nowhere"), "nowhere, the folder of the program"),
        (PROJECT.replace("python", "nodejs"), "is for the runtime 'nodejs'"),
    ],
)
def test_a_broken_project_file(office: Office, text: str, words: str) -> None:
    (office.root / "Pulumi.yaml").write_text(text)
    shutil.rmtree(office.root / "stacks")
    assert words in only(office, "preview")


def test_unknown_stacks(office: Office) -> None:
    error = only(office, "preview", "--stack", "prod")
    assert "work on stack prod: it is not known in this checkout (known here: dev)" in error
    assert "make it with `martech stack init prod`" in error
    office.martech("stack", "rm", "dev", "--yes")
    error = only(office, "preview")
    assert "choose a stack: none is named or selected (known here: none)" in error
    assert "make one with `martech stack init NAME`" in error


def test_a_record_of_stacks_that_is_damaged(office: Office) -> None:
    (office.root / ".martech" / "stacks.json").write_text("{")
    error = only(office, "preview")
    assert "stacks.json: it is damaged; nothing was done; delete it and take your stacks" in error


def test_no_program(office: Office) -> None:
    error = only(office, "preview")
    assert "no program was found at" in error
    assert error.endswith("stacks/__main__.py")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("def f(:\n", "SyntaxError: invalid syntax"),
        ("if True:\ncrm = 1\n", "IndentationError: expected an indented block"),
        ("import no_such_module\n", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("raise ValueError('the sheet is empty')\n", "ValueError: the sheet is empty"),
    ],
)
def test_a_program_that_fails(office: Office, body: str, words: str) -> None:
    office.program("")
    (office.root / "stacks" / "__main__.py").open("a").write(body)
    line = office.line(body.splitlines()[-1]).partition(":")[2]
    place = f"the program failed at stacks/__main__.py, line {line}"
    assert only(office, "up", "--yes").startswith(f"{place}: {words}")


def test_a_program_that_fails_in_another_file_after_declaring(office: Office) -> None:
    (office.root / "stacks" / "people.py").write_text("def roles(who):\n    return {}[who]\n")
    office.program(
        """
        import people
        crm = crm_account()
        scim.MartechUser("ana", account=crm, login="ana@example.com", roles=people.roles("ana"))
        """
    )
    assert (
        only(office, "preview") == "the program failed at stacks/people.py, line 2: KeyError: 'ana'"
    )
    document = json.loads(office.refused("preview", "--json").out)
    texts = [message["text"] for message in document["plan"]["messages"]]
    assert texts == ["the program failed at stacks/people.py, line 2: KeyError: 'ana'"]
    assert document["exit_code"] == 1


def test_a_program_that_ends_itself(office: Office) -> None:
    office.program("import sys\nsys.exit(3)\n")
    words = "an unhandled error occurred: program exited with non-zero exit code: 3"
    assert only(office, "preview") == words, "as the real engine says it"


def test_wrong_passphrases(office: Office) -> None:
    office.program(
        """
        import pulumi
        crm_account()
        pulumi.export("note", pulumi.Output.secret("between us"))
        """
    )
    office.martech("up", "--yes")
    wrong = only(office, "preview", PULUMI_CONFIG_PASSPHRASE="guess")
    assert wrong == (
        "the passphrase is not the one of this stack: look at PULUMI_CONFIG_PASSPHRASE"
    )
    none = only(office, "preview", PULUMI_CONFIG_PASSPHRASE=UNSET)
    assert "set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE" in none
    shown = office.martech("stack", "output")
    assert "between us" not in shown.out + shown.err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("prevew",), "No such command 'prevew'. Did you mean 'preview'?"),
        (("preview", "--ofline"), "No such option: --ofline"),
        (("preview", "--as-of", "tomorrow"), "'tomorrow' is no date"),
        (("up", "--plan", "gone.json", "--yes"), "read the plan gone.json"),
        (("up",), "there is no terminal to ask for approval; nothing was done; say --yes"),
        (("stack", "import", "--file", "gone.json"), "import gone.json: it is not a deployment"),
        (("stack", "init", "dev"), "make stack dev: this checkout has one already"),
        (("stack", "init", "ä b"), "names have letters, digits"),
    ],
)
def test_wrong_usage_ends_with_one(office: Office, args: tuple[str, ...], words: str) -> None:
    said = office.refused(*args)
    assert words in said.text
