"""Interfaces that outlive releases: what is written into states, and what people's editors know."""

import json
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from pulumi_martech.resources import generate

from .estate import STACK, Estate
from .golden import estate as golden

ROOT = Path(__file__).resolve().parents[2]

FROZEN = ("scim", "wordpress")
"""Platforms whose kinds the golden state holds; the others are still free to change."""


def test_decision_13_the_golden_state_previews_empty_refreshes_and_goes(
    estate: Estate, tmp_path: Path
) -> None:
    """Type tokens, provider classes, logical names and input shapes are frozen by it."""
    file = golden.revive(estate, tmp_path)
    estate.must(estate.bare("stack", "import", "--file", str(file), "-s", STACK))
    estate.mark()
    assert estate.plan("--refresh=false") == []
    estate.must(estate.refresh("--expect-no-changes"))
    estate.applied("--expect-no-changes")
    assert estate.writes() == []
    estate.must(estate.destroy())
    assert estate.logins("crm") == set()
    assert estate.logins("site") == {"admin"}
    assert estate.logins("hr") == {"cem@example.com"}, "a roster that goes leaves its members"
    assert estate.crm.roles() == ["Guests"]
    assert estate.resources() == {}


def test_decision_13_the_golden_state_holds_every_kind() -> None:
    state = json.loads(golden.STATE.read_text())
    kinds = {resource["type"] for resource in state["resources"]}
    modules = generate.modules()
    names = {
        line.split("module=")[1].split(")")[0]
        for platform in FROZEN
        for line in modules[f"{platform}.py"].splitlines()
        if line.startswith("class ") and "module=" in line
    }
    tokens = {
        "pulumi-python:dynamic/" + ":".join(part.split('"')[1] for part in name.split(", "))
        for name in names
    }
    own = {kind for kind in kinds if "dynamic" in kind} - {"pulumi-python:dynamic/martech:Gate"}
    missing = tokens - own
    assert own <= tokens
    # The roster is one class on both platforms: one of them is enough.
    assert missing == {"pulumi-python:dynamic/martech/wordpress:Roster"}


PICKLES = """
import json
from pulumi.dynamic.dynamic import serialize_provider
from pulumi_martech.resources import accounts, gate, maps, roles, users
kinds = (
    users.UserProvider, roles.RoleProvider, roles.RoleReferenceProvider,
    maps.VendorGrantProvider, maps.RosterProvider, gate.GateProvider,
)
found = {}
for kind in kinds:
    accounts.restore_pickler()
    found[kind.__name__] = serialize_provider(kind())
print(json.dumps(found))
"""


def test_decision_01_a_provider_is_the_same_short_text_in_every_process() -> None:
    texts = []
    for seed in ("0", "1", "4242"):
        done = subprocess.run(
            [sys.executable, "-c", PICKLES],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        texts.append(json.loads(done.stdout))
    assert texts[0] == texts[1] == texts[2]
    assert all(len(text) <= 200 for text in texts[0].values()), texts[0]
    recorded = {
        resource["inputs"]["__provider"]
        for resource in json.loads(golden.STATE.read_text())["resources"]
        if "__provider" in resource.get("inputs", {})
    }
    assert recorded == set(texts[0].values()), "modules and class names are those of the state"


def test_decision_01_two_thousand_resources_can_be_declared(embedded: Estate) -> None:
    """The SDK wraps the pickler once a resource and would end near 970 in a RecursionError."""
    embedded.program('crm_people(crm_account(), *(f"u{n}" for n in range(2_000)))')
    run = embedded.must(embedded.preview("--json"))
    assert run.json()["changeSummary"]["create"] == 2_000 + 4  # stack, account, gate, its process


@pytest.mark.parametrize("way", [("embedded", "pulumi"), ("pulumi", "embedded")])
@pytest.mark.real_engine
def test_a_state_moves_between_engines_and_previews_empty(
    make_estate: Callable[[str], Estate], way: tuple[str, str], tmp_path: Path, pulumi: None
) -> None:
    first, second = (make_estate(engine) for engine in way)
    second.sandbox.stop()
    first.program("""
    crm = crm_account()
    site = site_account()
    editors = scim.Role("editors", account=crm, name="Editors")
    crm_people(crm, "ana", roles=[editors])
    site_people(site, "ana")
    scim.VendorGrant("northlight", account=crm, domains=["northlight.example"],
        until="2027-01-01", owner="ana", reason="spring",
        people={"eve@northlight.example": {"roles": [editors]}})
    """)
    first.applied()
    first.mark()
    file = tmp_path / "state.json"
    file.write_text(first.must(first.bare("stack", "export", "-s", STACK)).out)
    program = first.project / "stacks" / "__main__.py"
    (second.project / "stacks" / "__main__.py").write_text(program.read_text())
    for key in ("crm", "site"):
        second.environment |= first.variables(key)
    second.must(second.bare("stack", "import", "--file", str(file), "-s", STACK))
    assert second.plan("--refresh") == []
    second.applied("--expect-no-changes")
    assert first.writes() == []


def test_generated_classes_are_in_step_with_the_platforms() -> None:
    for name, text in generate.modules().items():
        assert (generate.FOLDER / name).read_text() == text, (
            "run `python -m pulumi_martech.resources.generate`"
        )


RIGHT = """\
from pulumi_martech import Basic, Bearer, Declared, Limit
from pulumi_martech import active, limits, portable, scim, wordpress

limits(removals=Limit(count=3, percent=50, floor=1), company_domains=["example.com"])
crm = scim.Account(
    "crm", url="https://crm.example.com", credentials=Bearer(token="env:T"),
    role_content={"Other": Declared({"email:send": "on"}, by="ana", on="2026-10-01")},
    portable_roles={"marketer": ["Other"]},
)
site = wordpress.Account(
    "site", url="https://example.com/wp-json", credentials=Basic(username="a", password="env:P")
)
editors = scim.Role("editors", account=crm, name="Editors")
ana = scim.MartechUser("ana", account=crm, login="ana@example.com", roles=[editors, "Other"])
scim.MartechUser("bo", account=crm, login="bo@example.com", roles=[portable("marketer")])
wordpress.MartechUser("ana", account=site, login="ana", email="ana@example.com", locale="en_US")
for grant in active([{"until": "2027-01-01", "vendor": "northlight"}]):
    scim.VendorGrant(
        str(grant["vendor"]), account=crm, domains=["northlight.example"], until="2027-01-01",
        owner="ana", reason="spring", people={"eve@northlight.example": {"roles": [editors]}},
    )
wordpress.Roster(account=site, members={"ana": {"roles": ["editor"], "email": "a@example.com"}})
status: str = "x"
ana.status.apply(lambda text: text.upper())
"""
WRONG = {
    'scim.MartechUser("a", account=crm, login="a@example.com", role=["x"])': "role",
    'scim.MartechUser("a", account=crm)': "login",
    'scim.MartechUser("a", account=site, login="a@example.com")': "account",
    'wordpress.MartechUser("a", account=site, login="a")': "email",
    'scim.MartechUser("a", account=crm, login="a", active="yes")': "active",
    'scim.MartechUser("a", account=crm, login="a", on_destroy="delete")': "on_destroy",
    'scim.Account("x", url="https://x.example", credentials="secret")': "credentials",
    'wordpress.Roster(account=site, members={"a": {"role": ["x"]}})': "role",
}
"""Mistakes and the word that a type checker must say."""


def test_arguments_are_typed_for_editors_and_checkers(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(RIGHT + "\n".join(WRONG) + "\n")
    done = subprocess.run(
        [
            sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--no-pretty",
            "--config-file=",
            "--cache-dir", str(ROOT / ".mypy_cache" / "stories"), str(program),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert not done.stderr, done.stderr
    told: dict[int, str] = {}
    for line in done.stdout.splitlines():
        assert line.startswith("program.py:"), done.stdout + done.stderr
        number, _, words = line.removeprefix("program.py:").partition(":")
        told[int(number)] = told.get(int(number), "") + words
    first = RIGHT.count("\n") + 1
    assert sorted(told) == [first + n for n in range(len(WRONG))], textwrap.indent(
        done.stdout, "  "
    )
    for n, word in enumerate(WRONG.values()):
        assert word in told[first + n]
