"""Native roles under the names of another language count as what they are."""

from datetime import date
from pathlib import Path

from pulumi_martech.document.load import read
from pulumi_martech.policy.answers import Question, answers
from pulumi_martech.policy.builtin import BUILTIN
from pulumi_martech.policy.judging import judge
from pulumi_martech.policy.view import view_of

DAY = date(2026, 11, 28)
DOCUMENT = """\
people: {ana: {email: ana@f.example}}
accounts:
  gtg:
    platform: gtg_crm
    url: https://www.gtgcrm.com
    credentials: {kind: by hand, operator: mia}
    roles: {writer: [Responsable Marketing], runner: [administrateur]}
    administrators: [Responsable Marketing]
    role_content:
      Marketing Manager: {content: ["email:send"], by: ana, on: 2026-11-20}
      ADMINISTRATEUR: {content: ["users:manage", "settings:manage"], by: ana, on: 2026-11-20}
roles: {writer: {add: ["email:send"]}, runner: {add: ["email:send"]}}
vendors:
  v: {domains: [v.example], until: 2027-01-31, owner: ana, why: x,
      people: {eve: {email: eve@v.example}, zoe: {email: zoe@v.example}}}
grants:
  - {who: eve, role: runner, account: gtg, until: 2027-01-31}
  - {who: zoe, role: writer, account: gtg, until: 2027-01-31}
"""


def test_an_external_administrator_in_french_is_one(tmp_path: Path) -> None:
    (tmp_path / "access.yaml").write_text(DOCUMENT, encoding="utf-8")
    document = read(tmp_path / "access.yaml")
    assert document.ok, document.problems
    view = view_of(document.access, DAY)
    found = {a.who: (a.natives, a.how) for a in answers(view, Question(can="email:send"))}
    assert found["zoe"] == ("Marketing Manager", "proven")
    (eve,) = answers(view, Question(who="eve"))
    assert (eve.natives, eve.how) == ("Administrator", "proven")
    texts = [f.text for f in judge(view, BUILTIN).findings if f.rule == "external-administrators"]
    assert texts == [f"{who} is external and administers gtg" for who in ("eve", "zoe")]
