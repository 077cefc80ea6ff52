"""Values of `Pulumi.STACK.yaml`: both engines read the same in them, and in what either writes."""

import json
import shutil
from pathlib import Path

import pytest

from pulumi_martech.engine.embedded.errors import EngineError
from pulumi_martech.engine.embedded.project import Project
from pulumi_martech.engine.embedded.settings import StackSettings, compact, config_text
from pulumi_martech.engine.embedded.yaml_files import load, resolved, scalar
from tests.engine.embedded_kit import Real, Toyland

FOLDER = Path(__file__).parents[1] / "data" / "settings"
RECORDED = json.loads((FOLDER / "values.json").read_text())  # by the real CLI 3.259

# Text that is nothing else, and is looked at by many readers as if it were.
TEXTS = [
    "", "=", "<<", "~", " ", "\t", "a\tb", "a\n", "a\n\n b\n", " lead", "trail ", "a\n  b\n c",
    "a: b", "a #b", "#a", "\r", "a\r\nb", "\x07\x1b", "\x7f", "\x85", "\xa0", "\u2028x", "\ufeffx",
    "x\ufeff", "😀", "\ufffd", "word " * 2000, "-", "- a", "? a", "a?", ": a", ":a", "a:", "a: ",
    "'", '"', "''", "'a", '"a"', "\\", "\\n", "{", "{a: 1}", "[1]", "%a", "@a", "`a", "!a",
    "!!int 3", "&a", "*a", "|", "|\n a", ">", "...", "---", "--- a", "null", "Null", "true", "yes",
    "No", "on", "y", "1", "1.0", "1e3", "0x1f", "0o7", "0b1", "017", "1_000", "1:30", "12:30:45",
    "2020-01-31", "2020-01-31 10:00:00", ".5", "5.", ".inf", ".nan", "+1", "-1", "-0", "a,b", "a]b",
    "18446744073709551615", "http://x:80/y?z#w", "-----BEGIN KEY-----\nabc\n-----END KEY-----\n",
]  # fmt: skip
STRUCTURE = {"list": TEXTS, "map": {text: text for text in TEXTS if text not in ("", "<<")}}


def _settings(folder: Path, text: str = "") -> StackSettings:
    (folder / "Pulumi.yaml").write_text("name: office\nruntime: python\n")
    (folder / "Pulumi.dev.yaml").write_text(text)
    return StackSettings(Project.find(folder), "dev")


def _read(settings: StackSettings) -> list[tuple[str, bool]]:
    return [(item.value, item.is_object) for item in settings.config().values()]


def test_values_are_read_as_the_real_engine_reads_them(tmp_path: Path) -> None:
    settings = _settings(tmp_path, (FOLDER / "values.yaml").read_text())
    assert [list(item) for item in _read(settings)] == RECORDED


def test_what_did_not_change_stays_as_it_is_written(tmp_path: Path) -> None:
    text = (FOLDER / "values.yaml").read_text()
    settings = _settings(tmp_path, f"# ours\n{text}")
    settings.set("office:new", "0o7", False)
    settings.save()
    written = (tmp_path / "Pulumi.dev.yaml").read_text()
    assert written.startswith("# ours\n") and written.endswith('\n  office:new: "0o7"\n')
    assert "a  # comment" in written and ": 0X1F\n" in written and "&x {k: 1.0" in written
    assert [list(item) for item in _read(_settings(tmp_path, written))] == [
        *RECORDED,
        ["0o7", False],
    ]


@pytest.mark.parametrize("start", ["", "config:\n  office:s: {list: [1], map: {}} # in brackets\n"])
def test_what_is_written_is_read_again(tmp_path: Path, start: str) -> None:
    settings = _settings(tmp_path, start)
    settings.set_structure("s", STRUCTURE)
    for number, text in enumerate(TEXTS):
        settings.set(f"k{number}", text, False)
    settings.save()
    settings = StackSettings(settings.project, "dev")
    found = [settings.get(f"k{number}") for number in range(len(TEXTS))]
    assert [item.value if item else None for item in found] == TEXTS
    assert json.loads(settings.config()["office:s"].value) == STRUCTURE


def test_an_alias_is_a_value_of_its_own(tmp_path: Path) -> None:
    """What is changed in one place is not changed where it is repeated."""
    text = "config:\n  a: &x {k: 1, l: [2]}\n  b: *x\n  c: {<<: *x, m: 3}\n"
    settings = _settings(tmp_path, text)
    settings.set("a.k", "9", False, path=True)
    settings.set("c.l[0]", "8", False, path=True)
    settings.save()
    values = [item.value for item in StackSettings(settings.project, "dev").config().values()]
    assert values == ['{"k":9,"l":[2]}', '{"k":1,"l":[2]}', '{"k":1,"l":[8],"m":3}']


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        ("n[2]", "x", '[null,null,"x"]'),
        ("n.a", "+5", '{"a":5}'),
        ("n.a", "-05", '{"a":-5}'),
        ("n.a", "05", '{"a":"05"}'),
        ("n.a", "18446744073709551615", '{"a":18446744073709552000}'),
        ("n.a", "18446744073709551616", '{"a":"18446744073709551616"}'),
        ("n.a:b", "true", '{"a:b":true}'),
        ("text.a", "x", '{"a":"x"}'),
    ],
)
def test_paths_are_set_as_the_real_engine_sets_them(
    tmp_path: Path, path: str, value: str, found: str
) -> None:
    settings = _settings(tmp_path, "config:\n  text: t\n")
    settings.set(path, value, False, path=True)
    settings.save()
    item = StackSettings(settings.project, "dev").get(path.partition("[")[0].partition(".")[0])
    assert item is not None and item.value == found


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("l[3]", "could not set config: l[3]: array index out of range"),
        ("l.x", "could not set config: l.x: key for an array must be an int"),
        ("a.b.c", "could not set config: a.b: expected a map"),
        ("a.b[0]", "could not set config: a.b: expected an array"),
        ("o.secure", 'could not set config: maps with the single key "secure" are reserved'),
    ],
)
def test_paths_through_something_else_are_refused(tmp_path: Path, path: str, said: str) -> None:
    settings = _settings(tmp_path, "config:\n  l: [1]\n  a: {b: 1}\n")
    with pytest.raises(EngineError) as refused:
        settings.set(path, "x", False, path=True)
    assert str(refused.value) == said


@pytest.mark.parametrize(
    "text",
    [
        "config:\n  a: .inf\n", "config:\n  a: [.nan]\n", "config:\n  1: x\n", "config: x\n",
        "config:\n- a\n", "config:\n  a: 1\n  a: 2\n", "config:\n  a: !!int x\n", "[]\n", "x\n",
        "config:\n  a: *x\n", "config:\n\ta: 1\n",
        "config:\n  a:b:c: 1\n",
    ],
)  # fmt: skip
def test_what_the_real_engine_cannot_read_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(EngineError):
        _settings(tmp_path, text).config()


def test_numbers_are_written_as_go_writes_them() -> None:
    numbers = [1e20, 1e21, 1.5e-7, 1e-6, 0.00001, 1234567.0, -0.0, 12345678901234567168.0]
    assert [config_text(number) for number in numbers] == [
        "100000000000000000000", "1e+21", "1.5e-7", "0.000001", "0.00001", "1234567", "0",
        "12345678901234567000",
    ]  # fmt: skip
    assert compact({"b": [1 << 63, 1 << 62], "a": "<&>"}) == (
        '{"a":"\\u003c\\u0026\\u003e","b":[9223372036854776000,4611686018427387904]}'
    )
    assert scalar("2020-01-31T10:00:00-00:00") == "2020-01-31 10:00:00 +0000 UTC"


@pytest.mark.skipif(shutil.which("pulumi") is None, reason="the real `pulumi` is not on PATH")
def test_both_engines_read_what_either_writes(tmp_path: Path) -> None:
    land = Toyland(tmp_path)
    real = Real(land)
    file = land.project / "Pulumi.dev.yaml"
    real.run("stack", "init", "dev")

    def theirs() -> list[tuple[str, bool]]:
        printed = json.loads(real.run("config", "--json"))
        keys = list(resolved(load(file))["config"])
        return [(printed[key]["value"], "objectValue" in printed[key]) for key in keys]

    file.write_text((FOLDER / "values.yaml").read_text())
    assert [list(item) for item in theirs()] == RECORDED
    settings = StackSettings(Project.find(land.project), "dev")
    settings.set_structure("office:s", STRUCTURE)
    for number, text in enumerate(TEXTS):
        settings.set(f"office:k{number}", text, False)
    settings.save()
    ours = _read(StackSettings(settings.project, "dev"))
    assert theirs() == ours
    file.write_text("")
    values = {f"office:k{n}": {"value": text, "secret": False} for n, text in enumerate(TEXTS)}
    real.run("config", "set-all", "--json", json.dumps(values))
    written = StackSettings(settings.project, "dev").config()
    assert {key: item.value for key, item in written.items()} == {
        key: value["value"] for key, value in values.items()
    }
