"""How policies are judged: waivers, settings, own rules that go wrong, what begins later."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from pulumi_martech.cli import main
from pulumi_martech.document.load import read
from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.policy import judging
from pulumi_martech.policy.ahead import with_ahead
from pulumi_martech.policy.builtin import BUILTIN, rules_of
from pulumi_martech.policy.judging import Judgement, judge
from pulumi_martech.policy.rule import Finding, Rule
from pulumi_martech.policy.view import View, view_of

DAY = date(2026, 11, 28)

TEXT = """\
company: {name: Fernwood, domains: [fernwood.example]}
people:
  ana: {email: ana@fernwood.example}
  ben: {email: ben@fernwood.example}
  cas: {email: cas@gmail.com}
  dan: {email: dan@gmail.com}
  old: {email: old@fernwood.example, status: leaver}
accounts:
  tool: {platform: canva}
  more: {platform: miro}
vendors:
  north: {domains: [north.example], until: 2026-12-31, owner: ana, why: ads, contract: C1,
    people: {eve: {email: eve@north.example}}}
grants:
  - {who: cas, role: viewer, account: tool}
  - {who: dan, role: viewer, account: tool}
  - {who: eve, role: administrator, account: tool}
"""


def seen(tmp_path: Path, *more: str, day: date = DAY) -> View:
    file = tmp_path / "access.yaml"
    file.write_text(TEXT + "".join(more), encoding="utf-8")
    document = read(file)
    assert document.ok, document.problems
    return view_of(document.access, day)


def waivers(*lines: str) -> str:
    return "waivers:\n" + "".join(f"  w{n}: {{{line}}}\n" for n, line in enumerate(lines))


def open_ones(judgement: Judgement, rule: str) -> list[str]:
    return [f.about[0] for f in judgement.findings if f.rule == rule and not f.waived]


MAIL = "policy: personal-mail, why: moving"


@pytest.mark.parametrize(
    ("waiver", "left", "said"),
    [
        (f"{MAIL}, about: [cas], owner: ana, until: 2026-12-31", ["dan"], ""),
        (f"{MAIL}, about: [cas, tool], owner: ana, until: 2026-11-28", ["dan"], ""),
        (f"{MAIL}, about: [cas, more], owner: ana, until: 2026-12-31", ["cas", "dan"], ""),
        (f"{MAIL}, about: [cas, dan], owner: ana, until: 2026-12-31", ["cas", "dan"], ""),
        (f"{MAIL}, about: [tool], owner: ana, until: 2026-12-31", [], ""),
        (
            f"{MAIL}, owner: ana, until: 2026-12-31",
            [],
            "w0 answers for whatever personal-mail finds, 2 now: say what it is `about`",
        ),
        (
            f"{MAIL}, about: [cas], owner: ana, until: 2026-11-27",
            ["cas", "dan"],
            "w0 of personal-mail by ana ended on 2026-11-27, and what it was for is still there",
        ),
        (
            f"{MAIL}, about: [cas], owner: ana, until: 2027-11-29",
            ["cas", "dan"],
            "w0 lasts until 2027-11-29, longer than a year: not taken",
        ),
        (f"{MAIL}, about: [cas], owner: ana, until: 2027-11-28", ["dan"], ""),
        (
            f"{MAIL}, about: [tool], owner: cas, until: 2026-12-31",
            ["cas"],  # of the other he may say it
            "w0 is by cas, whom it is about: not taken",
        ),
        (
            "policy: personal-mail, why: ' ', about: [cas], owner: ana, until: 2026-12-31",
            ["cas", "dan"],
            "w0 has no reason (`why`): not taken",
        ),
        (
            f"{MAIL}, about: [cas], owner: '', until: 2026-12-31",
            ["cas", "dan"],
            "w0 has no owner: not taken",
        ),
        (
            f"{MAIL}, about: [cas], owner: old, until: 2026-12-31",
            ["cas", "dan"],
            "w0 is by old, who is none of our own or has left: not taken",
        ),
        (
            f"{MAIL}, about: [cas], owner: eve, until: 2026-12-31",
            ["cas", "dan"],
            "w0 is by eve, who is none of our own or has left: not taken",
        ),
    ],
)
def test_a_waiver_covers_what_it_says_by_somebody_who_may_for_a_year_at_most(
    tmp_path: Path, waiver: str, left: list[str], said: str
) -> None:
    judgement = judge(seen(tmp_path, waivers(waiver)), BUILTIN)
    assert open_ones(judgement, "personal-mail") == left
    own = [f.text for f in judgement.findings if f.rule == "waivers"]
    assert own == ([f"waiver {said}"] if said else [])


def test_no_waiver_covers_a_finding_on_waivers_or_another_policy(tmp_path: Path) -> None:
    held = waivers(
        "policy: external-administrators, about: [eve], owner: ben, why: x, until: 2026-12-31",
        "policy: waivers, about: [ben], owner: ana, why: x, until: 2026-12-31",
    )
    judgement = judge(seen(tmp_path, held), BUILTIN)
    assert not open_ones(judgement, "external-administrators")
    assert open_ones(judgement, "s13-external-bound") == []
    assert open_ones(judgement, "s12-export-proven") == ["eve"]
    (wrong,) = judgement.wrong
    assert wrong[0] == ("waivers", "w1", "policy") and "no policy 'waivers'" in wrong[1]


def test_what_is_set_otherwise_is_told_with_what_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = (
        "policies:\n"
        "  external-administrators: {severity: advisory}\n"
        "  personal-mail: {severity: off, parameters: {domains: []}}\n"
        "  external-ends: {parameters: {severe: 3650}}\n"
        "  reasons: {severity: mandatory, parameters: {ticket: true}}\n"
    )
    judgement = judge(seen(tmp_path, settings), BUILTIN)
    assert [str(setting) for setting in judgement.settings] == [
        "external-administrators is advisory instead of mandatory",
        "personal-mail is off instead of mandatory",
        "personal-mail has domains 0 words instead of 114 words",
        "external-ends has severe 3650 instead of 90",
    ]
    words = ["--cwd", str(tmp_path), "--as-of", "2026-11-28"]
    main(["check", *words])
    assert "Set otherwise here: external-administrators is advisory" in " ".join(
        capsys.readouterr().out.split()
    )
    main(["check", "--json", *words])
    (first, *_) = json.loads(capsys.readouterr().out)["settings"]
    assert first == {
        "policy": "external-administrators",
        "name": "severity",
        "shipped": "mandatory",
        "here": "advisory",
    }
    main(["policy", "list", "--json", "--cwd", str(tmp_path)])
    listed = {each["policy"]: each for each in json.loads(capsys.readouterr().out)}
    assert listed["external-ends"]["parameters"]["severe"]["set"] == "3650"
    assert listed["personal-mail"]["set"] == "off"
    assert listed["new-domains"]["also"] == "mandatory"
    assert {each["source"] for each in listed.values()} == {"built in"}


@pytest.mark.parametrize("severity", ["mandatory", "advisory"])
def test_what_the_document_says_of_severity_holds_for_findings_with_their_own_too(
    tmp_path: Path, severity: str
) -> None:
    more = (
        "  - {who: ana, role: both, account: tool}\n  - {who: eve, role: both, account: more}\n"
        'roles:\n  both: {add: ["ads:spend", "code:publish"]}\n'
        f"policies:\n  s2-spend-and-measure: {{severity: {severity}}}\n"
    )
    found = judge(seen(tmp_path, more), BUILTIN).findings
    assert {f.about[0]: f.severity for f in found if f.rule == "s2-spend-and-measure"} == {
        "ana": severity,
        "eve": severity,
    }


def test_parameters_that_cannot_be_are_told_with_their_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = (
        "policies:\n"
        "  administrators: {parameters: {most: 0}}\n"
        "  s3-users-and-merge: {parameters: {mergers: [ana, bem]}}\n"
        "  personal-data: {parameters: {teams: [opps]}}\n"
        "  personal-mail: {parameters: {domains: [gmail.com, {}]}}\n"
    )
    (tmp_path / "access.yaml").write_text(TEXT + settings, encoding="utf-8")
    assert main(["check", "--cwd", str(tmp_path)]) == 1
    said = re.sub(r"\s+", " ", capsys.readouterr().err)
    lines = (TEXT + settings).splitlines()

    def place(word: str) -> str:
        (number,) = (n for n, line in enumerate(lines) if word in line)
        return f"access.yaml:{number + 1}:{lines[number].index(word) + 1}"

    for words in (
        f"{place('most')}: most must be greater than or equal to 1",
        f"{place('bem')}: there is no 'bem' under people; did you mean 'ben'",
        f"{place('opps')}: there is no 'opps' under teams",
        f"{place('{}]')}: domains.1 must be text",
    ):
        assert words in said, said


# -- what begins later


LATER = "  - {who: eve, role: administrator, account: more, starts: 2026-12-05}\n"


def test_a_grant_that_begins_later_is_judged_when_it_is_written(tmp_path: Path) -> None:
    def ahead(*lines: str, day: date = DAY) -> list[str]:
        view = seen(tmp_path, *lines, day=day)
        before = judge(view, BUILTIN)
        after = with_ahead(before, view, BUILTIN)
        assert set(before.findings) <= set(after.findings)
        return [f.text for f in after.findings if f not in before.findings]

    assert ahead() == []
    said = ahead(LATER)
    assert "from 2026-12-05 eve is external and administers more, tool" in said
    assert all("eve" in text for text in said), "only who gets something"
    assert ahead(LATER, day=date(2026, 12, 5)) == [], "then it is no word on the future"
    assert ahead("  - {who: ana, role: viewer, account: tool, starts: 2026-12-05}\n") == []
    assert ahead(LATER.replace("eve", "old")) == [], "a leaver gets nothing"
    advice = "  - {who: eve, role: marketer, account: more, starts: 2026-12-05}\n"
    assert not any("crm:import" in text for text in ahead(advice)), "advice waits"
    stricter = "policies:\n  s7-import-and-send: {severity: mandatory}\n"
    assert any("crm:import" in text for text in ahead(advice, stricter))


def test_what_the_calendar_does_to_others_by_then_is_no_finding_yet(tmp_path: Path) -> None:
    def find(view: View, _: object) -> Iterator[Finding]:
        if view.day > DAY:
            yield from (Finding((who,), f"{who} is late") for who in ("eve", "dan"))

    view = seen(tmp_path, LATER)
    late = Rule("late", "t", "w", "f", "mandatory", find)
    said = with_ahead(Judgement(()), view, [late]).findings
    assert [f.text for f in said] == ["from 2026-12-05 eve is late"]


# -- rules of a project


OWN = """\
from pulumi_martech.policy.rule import Finding, Rule

def find(view, parameters):
    {body}

RULES = [Rule("own", "Asks", "why", "fix", "mandatory", find)]
"""


def own(tmp_path: Path, body: str, text: str = OWN) -> tuple[Rule, ...]:
    (tmp_path / "policies").mkdir(exist_ok=True)
    file = tmp_path / "policies" / "rules.py"
    file.write_text(text.replace("{body}", body), encoding="utf-8")
    return rules_of(tmp_path)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("yield 1 / 0", "own at policies/rules.py:4: ZeroDivisionError: division by zero"),
        ("yield {}['x']", "own at policies/rules.py:4: KeyError: 'x'"),
        ("return None", "own at policies/rules.py:3: 'NoneType' object is not iterable"),
        ("yield 'text'", "own at policies/rules.py:3: it yields str, not Finding(about, text)"),
        ("yield Finding('ana', 'x')", "`about` of a finding is a tuple of keys"),
        ("yield Finding(('ana',), '')", "`text` of a finding is a sentence"),
        ("yield Finding((), 'x', severity='hi')", "'hi' is neither 'advisory' nor 'mandatory'"),
        ("yield Finding((), 'x', way='grants')", "`way` of a finding is a tuple"),
        ("import sys; sys.exit(0); yield", "it ends the process, which no policy may"),
        ("view.access.people.clear(); yield", "'mappingproxy' object has no attribute 'clear'"),
        ("view.by_principal.pop('ana'); yield", "'mappingproxy' object has no attribute 'pop'"),
        ("view.day = None; yield", "cannot assign to field 'day'"),
        ("while True: yield Finding((), 'x')", "it finds more than 50 things and does not end"),
    ],
)
def test_a_rule_that_goes_wrong_is_one_sentence_with_its_line_and_nothing_is_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, said: str
) -> None:
    monkeypatch.setattr(judging, "ENDLESS", 50)
    rules = own(tmp_path, body)
    with pytest.raises(InvalidDeclaration) as error:
        judge(seen(tmp_path), rules)
    assert said in str(error.value) and "nothing was judged" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def find(:\n", "policies/rules.py:1: SyntaxError"),
        ("import sys\nsys.exit(0)\n", "policies/rules.py:2: it ends the process"),
        ("import nothing_there\n", "policies/rules.py:1: ModuleNotFoundError"),
        (OWN.replace('"own"', '"Own Rule"'), "'Own Rule' is no id"),
        (OWN.replace('"own"', '"waivers"'), "'waivers' is no id"),
        (OWN.replace('"own"', '"reasons"'), "reasons is there twice"),
        (OWN.replace('"mandatory"', '"high"'), "severity 'high' of own is neither advisory"),
        (OWN.replace('"why"', '""'), "own has no why"),
        (OWN.replace('mandatory", find', 'mandatory", 3'), "find of own is no function"),
        (OWN.replace("find)]", "find, parameters=int)]"), "parameters of own is no class of"),
        (OWN.replace("RULES = [", "RULES = {").replace(")]", "): 1}"), "it has no list RULES"),
    ],
)
def test_a_file_of_rules_that_cannot_be_used_is_one_sentence(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(InvalidDeclaration) as error:
        own(tmp_path, "yield", text)
    assert said in str(error.value), str(error.value)


def test_what_rules_print_is_no_part_of_the_answer_and_own_ones_take_nothing_away(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = OWN.replace("from", "print('reading')\nfrom", 1)
    own(tmp_path, "print('judging'); yield Finding(('ana',), 'x', ('people', 'nobody'))", text)
    (tmp_path / "access.yaml").write_text(TEXT, encoding="utf-8")
    assert main(["check", "--json", "--cwd", str(tmp_path), "--as-of", "2026-11-28"]) == 2
    said = capsys.readouterr()
    assert "judging" in said.err and "reading" in said.err
    policies = {f["policy"] for f in json.loads(said.out)["findings"]}
    assert {"own", "personal-mail", "external-administrators"} <= policies


def test_own_rules_see_all_and_replace_nothing(tmp_path: Path) -> None:
    first = own(tmp_path, "yield")
    text = OWN.replace(
        "from", "from pulumi_martech.policy import builtin\nbuiltin.BUILTIN = ()\nfrom", 1
    )
    before = BUILTIN
    try:
        rules = own(tmp_path, "yield", text)
    finally:
        import pulumi_martech.policy.builtin as module

        module.BUILTIN = before  # type: ignore[misc]
    assert [rule.id for rule in rules] == [rule.id for rule in first]


def test_findings_are_told_in_one_order_whoever_finds_them_first(tmp_path: Path) -> None:
    view = seen(tmp_path)
    assert judge(view, BUILTIN).findings == judge(view, tuple(reversed(BUILTIN))).findings
    many = [Finding((f"p{n}",), "x") for n in range(3)]
    rule = Rule("own", "t", "w", "f", "advisory", lambda *_: iter(reversed(many)))
    assert [f.about for f in judge(view, [rule]).findings] == [(f"p{n}",) for n in range(3)]
    assert judge(view, [replace(rule, on_resources=False)], only_resources=True).findings == ()
