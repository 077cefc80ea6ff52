"""How much work policies are: counted in lines run, not in seconds, so that no machine is slow."""

import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from pulumi_martech.document.load import read
from pulumi_martech.model.access import Access
from pulumi_martech.policy.ahead import with_ahead
from pulumi_martech.policy.builtin import BUILTIN
from pulumi_martech.policy.judging import Judgement, judge
from pulumi_martech.policy.rule import Finding, Rule
from pulumi_martech.policy.view import View, view_of

DAY = date(2026, 11, 28)
MOST = 2.4
"""Times as many lines for twice the document: 2 and what sorting takes; 4 would be quadratic."""


def document(folder: Path, size: int) -> Access:
    """Return a document in which everything grows with the size, and little is in order."""
    n = range(size)
    parts: dict[str, list[str]] = {
        "teams": [f"t{i}: {{should_have: [{{role: viewer, account: a{i}}}]}}" for i in n],
        "clients": [f"c{i}: {{competitors: [c{(i + 1) % size}]}}" for i in n],
        "accounts": [
            f"a{i}: {{platform: canva, client: c{i}, owner: p{i}, owner_of_record: v{i}, "
            f"recovery: x@v{i}.example, data: [{{data: personal}}]}}"
            for i in n
        ],
        "assets": [f"s{i}: {{account: a{i}, kind: list, owner: old{i}}}" for i in n],
        "people": [f"p{i}: {{email: p{i}@d{i}.example, team: t{i}, job: j}}" for i in n]
        + [f"g{i}: {{email: sales@gmail{i}.example, logins: {{a{i}: g{i}@gmail.com}}}}" for i in n]
        + [f"old{i}: {{status: leaver}}" for i in n]
        + [f"bot{i}: {{kind: service, owner: old{i}, logins: {{a{i}: 'key:b{i}'}}}}" for i in n],
        "roles": [
            f"r{i}: {{add: ['ads:spend', 'billing:manage', 'contacts:export', 'users:manage']}}"
            for i in n
        ],
        "vendors": [
            f"v{i}: {{domains: [v{i}.example], until: 2030-01-31, owner: p{i}, why: ads, "
            f"people: {{e{i}: {{email: e{i}@v{i}.example}}}}}}"
            for i in n
        ],
        "partners": [
            f"q{i}: {{kind: reseller, domains: [q{i}.example], competitors: [c{i}], "
            f"people: {{d{i}: {{email: d{i}@q{i}.example}}}}}}"
            for i in n
        ],
        "rules": [
            f"u{i}: {{roles: [reseller], assets: [s{i}], when: {{tiers: [gold]}}}}" for i in n
        ],
        "waivers": [
            f"w{i}: {{policy: personal-mail, about: [g{i}], owner: p{i}, why: x, "
            "until: 2026-12-31}"
            for i in n
        ]
        + [
            f"x{i}: {{policy: reasons, about: [a{i}], owner: p{i}, why: x, until: 2026-01-31}}"
            for i in n
        ],
        "policies": ["personal-data: {parameters: {teams: [t0]}}"],
    }
    grants = [
        f"{{{who}, role: {role}, account: a{(i + shift) % size}{more}}}"
        for i in n
        for who, role, shift, more in (
            (f"who: p{i}", f"r{i}", 0, f", approved_by: p{i}"),
            (f"team: t{i}", "viewer", 0, ""),
            (f"who: p{i}", "analyst", 1, ""),
            (f"who: g{i}", "administrator", 0, ""),
            (f"who: e{i}", "administrator", 0, ", starts: 2026-11-27"),
            (f"who: e{i}", "marketer", 1, f", assets: [s{(i + 1) % size}]"),
            (f"who: d{i}", "reseller", 0, ""),
            (f"who: bot{i}", f"r{i}", 0, ""),
            (f"who: p{i}", "marketer", 2, ", starts: 2026-12-24"),
        )
    ]
    text = "company: {domains: [fernwood.example]}\n"
    for section, lines in parts.items():
        text += f"{section}:\n" + "".join(f"  {line}\n" for line in lines)
    text += "grants:\n" + "".join(f"  - {line}\n" for line in grants)
    file = folder / f"{size}.yaml"
    file.write_text(text, encoding="utf-8")
    found = read(file)
    assert found.ok, found.problems[:3]
    return found.access


def lines_run(work: Callable[[], object]) -> int:
    """Return how many lines of Python something takes."""
    count = 0

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def growth(small: View, large: View, rules: tuple[Rule, ...]) -> float:
    """Return how many times as many lines judging a view of twice the size takes."""
    few, many = (lines_run(lambda each=each: judge(each, rules)) for each in (small, large))
    return many / few


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> tuple[View, View]:
    folder = tmp_path_factory.mktemp("growth")
    small, large = (view_of(document(folder, size), DAY) for size in (40, 80))
    for view in (small, large):
        judge(view, BUILTIN)  # what is worked out once: by principal, by account, ...
    return small, large


def test_no_policy_is_quadratic_in_anything_a_document_holds(views: tuple[View, View]) -> None:
    small, large = views
    found, more = (len(judge(view, BUILTIN).findings) for view in views)
    assert 40 * 20 < found < more < 2.1 * found, "everything grows, and there is much to find"
    slow = {rule.id: growth(small, large, (rule,)) for rule in BUILTIN}
    assert {rule: times for rule, times in slow.items() if times > MOST} == {}


def test_neither_is_the_view_nor_what_begins_later(views: tuple[View, View]) -> None:
    few, many = (lines_run(lambda view=view: view_of(view.access, DAY)) for view in views)
    assert many / few < MOST
    few, many = (
        lines_run(lambda view=view: with_ahead(Judgement(()), view, BUILTIN)) for view in views
    )
    assert many / few < MOST


def test_a_quadratic_policy_would_be_noticed(views: tuple[View, View]) -> None:
    def find(view: View, _: object) -> Iterator[Finding]:
        for one in view.entitlements:
            if any(one is other for other in view.access.waivers.values()):
                yield Finding((), "never")

    assert growth(*views, (Rule("slow", "t", "w", "f", "advisory", find),)) > MOST
