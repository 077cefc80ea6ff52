"""`martech check --base`: a change of the rules is judged by the rules before it."""

import json
import subprocess
from pathlib import Path

import pytest

from pulumi_martech.cli import main
from tests.operations.test_check import commit

BEFORE = """\
company: {name: Fernwood, domains: [fernwood.example]}
people:
  ana: {name: Ana, email: ana@fernwood.example}
  ben: {name: Ben, email: ben@fernwood.example, aliases: [ben@gmail.com]}
  zoe: {name: Zoe, email: zoe@yahoo.com}
accounts:
  tool: {platform: canva, owner: ana}
  site: {platform: miro, owner: ana}
policies:
  personal-mail: {severity: mandatory}
grants:
  - {who: zoe, role: viewer, account: tool, why: guest, ticket: T-1}
"""
NEW_PERSON = BEFORE.replace("accounts:\n", "  yan: {name: Yan, email: yan@gmail.com}\naccounts:\n")
ADDED = NEW_PERSON + "  - {who: yan, role: viewer, account: tool, why: guest, ticket: T-2}\n"
WAIVER = (
    "waivers:\n  w: {policy: personal-mail, about: [%s], owner: ana, why: x, until: 2027-01-31}\n"
)
OFF = 'personal-mail: {severity: "off"}'


def process(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    """Check against a base; return what was found about the change, with its severity."""
    main(["check", "-C", str(folder), "--json", "--as-of", "2026-11-28", *words])
    found = json.loads(capsys.readouterr().out)
    assert "findings" in found, found
    listed = [f for f in found["findings"] if f["policy"] == "process"]
    assert all("on its own" in one["fix"] and not one["waived"] for one in listed)
    return [f"{one['severity']}: {one['text']}" for one in listed]


ROOM = (
    "mandatory: this change makes room for itself: by the rules before it yan has access to tool "
    "with a personal mailbox at gmail.com (personal-mail)"
)
ABOUT_HERSELF = (
    "mandatory: zoe changed the rules about zoe: by the rules before it zoe has access to tool "
    "with a personal mailbox at yahoo.com (personal-mail)"
)
GRANT = "  - {who: ben, role: viewer, account: tool, approved_by: ana}\n"
MERGER = "  s3-users-and-merge: {parameters: {mergers: [ben]}}\ngrants:"


@pytest.mark.parametrize(
    ("after", "by", "said"),
    [
        (ADDED, "ben", []),  # found as it is: nothing was loosened
        (BEFORE + WAIVER % "zoe", "ben", []),  # somebody else's decision about what is there
        (NEW_PERSON + WAIVER % "yan", "ben", []),  # the rule first, on its own
        (ADDED + WAIVER % "yan", "ben", [ROOM]),
        (ADDED.replace("personal-mail: {severity: mandatory}", OFF), "ben", [ROOM]),
        (ADDED.replace("severity: mandatory", "severity: advisory"), "ben", [ROOM]),
        (
            ADDED.replace(
                "personal-mail: {severity: mandatory}",
                "personal-mail: {parameters: {domains: [yahoo.com]}}",
            ),
            "ben",
            [ROOM],
        ),
        (BEFORE + WAIVER % "zoe", "zoe", [ABOUT_HERSELF]),
        (BEFORE.replace("personal-mail: {severity: mandatory}", OFF), "zoe", [ABOUT_HERSELF]),
        (
            BEFORE.replace("grants:", MERGER),
            "ben",
            ["mandatory: ben gives ben the right to merge this document"],
        ),
        (BEFORE.replace("grants:", MERGER), "ana", []),
        (BEFORE + GRANT, "ana", []),
        (
            BEFORE + GRANT,
            "ben",
            ["advisory: ben gives ben viewer in tool: somebody else is to merge it"],
        ),
        (
            BEFORE.replace("miro, owner: ana", "miro, owner: ben"),
            "ben",
            ["advisory: ben makes ben answer for site"],
        ),
        (
            NEW_PERSON.replace("yan@gmail.com", "yan@lone.example").replace(
                "domains: [fernwood.example]", "domains: [fernwood.example, lone.example]"
            )
            + "  - {who: yan, role: viewer, account: tool, why: guest, ticket: T-2}\n",
            "ana",
            [
                "advisory: this change makes room for itself: by the rules before it lone.example "
                "is the domain of yan and of no company that is declared: it comes in for the "
                "first time (new-domains)"
            ],
        ),
    ],
)
def test_what_one_change_may_not_do_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], after: str, by: str, said: list[str]
) -> None:
    (tmp_path / "before.yaml").write_text(BEFORE, encoding="utf-8")
    (tmp_path / "access.yaml").write_text(after, encoding="utf-8")
    assert process(tmp_path, capsys, "--base", "before.yaml", "--by", by) == said
    main(["check", "-C", str(tmp_path), "--base", "before.yaml"])
    assert "somebody unknown made this change" in capsys.readouterr().err


def test_who_may_merge_gives_themselves_nothing_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = BEFORE.replace("grants:", MERGER)
    (tmp_path / "before.yaml").write_text(before, encoding="utf-8")
    (tmp_path / "access.yaml").write_text(before + GRANT, encoding="utf-8")
    assert process(tmp_path, capsys, "--base", "before.yaml", "--by", "ben") == [
        "mandatory: ben gives ben viewer in tool, and may merge it: somebody else is to merge it"
    ]
    assert process(tmp_path, capsys, "--base", "before.yaml", "--by", "ana") == []


NORTH = """\
vendors:
  north: {domains: [north.example], until: 2027-01-31, owner: ana, why: x, people: {%s}}
"""


def unusual(folder: Path, capsys: pytest.CaptureFixture[str], before: str, after: str) -> list[str]:
    (folder / "before.yaml").write_text(before, encoding="utf-8")
    (folder / "access.yaml").write_text(after, encoding="utf-8")
    words = ["check", "-C", str(folder), "--base", "before.yaml", "--json", "--as-of", "2026-11-28"]
    main(words)
    found = json.loads(capsys.readouterr().out)["findings"]
    return [
        f"{one['severity']}: {one['text']}"
        for one in found
        if one["policy"] in ("new-domains", "grant-burst") and "change" in one["text"]
    ]


def test_a_change_tells_the_first_grant_to_a_domain_and_many_grants_to_one_company(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def grants(*people: str) -> str:
        lines = (f"  - {{who: {who}, role: viewer, account: tool}}\n" for who in people)
        return "".join(lines)

    people = ", ".join(f"p{n}: {{email: p{n}@north.example}}" for n in range(6))
    declared = NORTH % people + BEFORE  # the vendor is known, and none of it had access
    one = declared + grants("p0")
    first = (
        "advisory: nobody at north.example had access before this change, and now p0 has: first "
        "grant to a new domain"
    )
    assert unusual(tmp_path, capsys, declared, one) == [first]
    assert unusual(tmp_path, capsys, one, one + grants("p1", "p2", "p3", "p4")) == []
    (burst,) = unusual(tmp_path, capsys, one, one + grants("p1", "p2", "p3", "p4", "p5"))
    assert burst.startswith("advisory: 5 grants to north come with this change (p1, p2")
    most = one.replace("policies:\n", "policies:\n  grant-burst: {parameters: {grants: 6}}\n")
    assert unusual(tmp_path, capsys, most, most + grants("p1", "p2", "p3", "p4", "p5")) == []
    off = declared.replace("policies:\n", 'policies:\n  new-domains: {severity: "off"}\n')
    assert unusual(tmp_path, capsys, off, off + grants("p0")) == []


def test_a_revision_of_git_tells_who_made_the_change_and_what_the_projects_own_rules_were(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "policies" / "rules.py"
    own.parent.mkdir()
    rule = (
        "from pulumi_martech.policy.rule import Finding, Rule\n"
        "def find(view, p):\n"
        "    for e in view.entitlements:\n"
        "        if e.grant.role == 'analyst':\n"
        "            yield Finding((e.principal.key,), 'an analyst', e.way)\n"
        "RULES = [Rule('mine', 'asks', 'why', 'fix', 'mandatory', find)]\n"
    )
    own.write_text(rule, encoding="utf-8")
    (tmp_path / "Pulumi.yaml").write_text("name: x\nruntime: python\n", encoding="utf-8")
    (tmp_path / "stacks").mkdir()
    document = tmp_path / "stacks" / "access.yaml"
    document.write_text("include: [more/*.yaml, ../outer.yaml]\n" + BEFORE, encoding="utf-8")
    (tmp_path / "outer.yaml").write_text("clients: {lumen: {}}\n")
    (tmp_path / "stacks" / "more").mkdir()
    (tmp_path / "stacks" / "more" / "teams.yaml").write_text("teams: {brand: {}}\n")
    commit(tmp_path, "2026-11-20")
    subprocess.run(["git", "-C", str(tmp_path), "tag", "v1"], check=True)
    assert process(tmp_path, capsys, "--base", "v1") == []

    own.write_text(rule.replace("'mandatory'", "'advisory'"), encoding="utf-8")
    text = document.read_text().replace(
        "people:\n", "people:\n  bo: {aliases: [x@AUTHOR.example]}\n"
    )
    grant = "  - {who: bo, role: analyst, account: tool, why: x, ticket: T-3}\n"
    document.write_text(text + grant, encoding="utf-8")
    commit(tmp_path, "2026-11-21")
    assert process(tmp_path, capsys, "--base", "v1") == [
        "mandatory: bo changed the rules about bo: by the rules before it an analyst (mine)",
        "advisory: bo gives bo analyst in tool: somebody else is to merge it",
    ]
    assert process(tmp_path, capsys, "--base", "HEAD") == []
    words = ["check", "-C", str(tmp_path), "--base", "v1", "--by"]
    assert main([*words, "nobody"]) == 1
    assert "the document has no person 'nobody'" in capsys.readouterr().err
    assert main([*words[:-2], "v9"]) == 1
    assert "git says: not a valid object name: v9" in capsys.readouterr().err
    assert main(["check", "-C", str(tmp_path), "--by", "bo"]) == 1
    capsys.readouterr()

    document.write_text(text.replace("AUTHOR", "elsewhere"), encoding="utf-8")
    commit(tmp_path, "2026-11-22")
    assert main([*words[:-2], "v1"]) in (0, 2)
    assert "x@author.example made this change and is nobody" in capsys.readouterr().err
    monkeypatch.chdir(tmp_path)
    document.write_text("people: {ana: {team: x}}\n", encoding="utf-8")
    commit(tmp_path, "2026-11-23")
    document.write_text(BEFORE, encoding="utf-8")
    assert main(["check", "--base", "HEAD"]) == 1
    assert "there is no team 'x'" in capsys.readouterr().err
