"""`martech role`: what a role lets somebody do, what a mapping adds and loses, by whose word."""

import json
from datetime import date

import pytest

from pulumi_martech.cli import main
from pulumi_martech.model.account import AccountConfig, Bearer
from pulumi_martech.model.capability import CAPABILITIES
from pulumi_martech.model.content import Declared
from pulumi_martech.model.effect import AccessEffect, Risk
from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.model.portable import PORTABLE_ROLES
from pulumi_martech.model.risk import Band
from pulumi_martech.operations import show
from pulumi_martech.operations.explain import explain
from pulumi_martech.operations.screen import Screen

DAY = date(2026, 11, 23)
MARKETER = [
    *PORTABLE_ROLES["marketer"].capabilities - {"email:send", "crm:view"},
    "contacts:export",
]


def hub(content=None, **more):
    said = (
        {"Marketing": Declared(content=content, by="ana", on=date(2026, 10, 1))} if content else {}
    )
    return AccountConfig(
        key="hub", platform="hubspot", url="https://h.example", credentials=Bearer(token="env:T"),
        role_content=said, portable_roles={"marketer": ["Marketing"]}, **more,
    )  # fmt: skip


def mapped(found, word):
    return {line.capability for line in found.lines if line.mapped == word}


def test_a_mapping_says_what_it_keeps_adds_and_loses_and_by_whose_word():
    found = explain("marketer", "hub", DAY, hub(MARKETER))
    (native,) = found.native
    assert native.mark == "declared by ana on 2026-10-01, counts until 2026-12-30"
    assert (mapped(found, "gained"), mapped(found, "lost")) == ({"contacts:export"}, {"email:send"})
    assert {line.known for line in found.lines} == {"declared", "implied", "-"}
    assert [line.points for line in found.lines] == sorted(
        (line.points for line in found.lines), reverse=True
    )
    assert (found.score, found.described, found.band) == (26, 26, Band.HIGH)


def test_what_nobody_declared_counts_as_everything_and_is_lost_or_kept_by_nobodys_word():
    found = explain("Marketer", "hub", DAY, hub())
    assert (found.score, found.band, found.described) == (34, Band.SEVERE, 0)
    assert mapped(found, "unknown") == {line.capability for line in found.lines}


def test_a_declaration_too_old_is_shown_as_assumed_and_counts_as_everything():
    found = explain("marketer", "hub", date(2027, 1, 1), hub(MARKETER))
    assert "was to be reviewed by 2026-12-30" in found.native[0].mark
    assert {line.known for line in found.lines} == {"assumed", "implied", "-"}
    assert (found.score, found.described) == (34, 26)


def test_without_a_mapping_it_says_what_a_role_made_for_it_would_need():
    found = explain("marketer", "hubspot", DAY)
    assert found.native == ()
    assert {"import", "publish marketing e-mail"} <= set(found.recipe)
    assert "super admin" not in found.recipe
    assert (mapped(found, "lost"), found.score, found.described) == (set(), 34, 18)


def test_who_manages_users_can_give_himself_the_rest():
    found = explain("teammates.create", "sendgrid", DAY)
    assert (found.native[0].known, found.score) == ("read", 28)
    assert set(found.can_give_himself) == CAPABILITIES.keys() - {"users:manage", "users:view"}
    assert explain("mail.send", "sendgrid", DAY).can_give_himself == ()


def test_sensitive_data_weighs_more():
    assert explain("marketer", "hub", DAY, hub(MARKETER, data_class="sensitive")).score == 32


def test_a_misspelt_role_gets_near_matches_and_a_native_one_of_such_a_name_can_be_forced():
    with pytest.raises(InvalidDeclaration, match=r"did you mean 'marketer'.*--native"):
        explain("marketr", "hubspot", DAY)
    assert explain("marketr", "hubspot", DAY, native=True).score == 34
    assert not explain("administrator", "wordpress", DAY, native=True).portable


def run(capsys, *words):
    code = main(["role", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_the_mark_stands_before_the_first_capability(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    code, out, _ = run(capsys, "explain", "editor", "--on", "wordpress", "-C", str(tmp_path))
    assert code == 0
    assert out.index("nobody has declared") < out.index("code:publish")
    assert "up to 34, severe, until somebody declares what it allows; 28, high" in out
    code, out, _ = run(capsys, "explain", "marketer", "--on", "sendgrid", "-C", str(tmp_path))
    assert "+ gained by the mapping: contacts:export, contacts:view_all" in out
    assert "- lost by it: messaging:send" in out


def test_machines_read_the_same(capsys, tmp_path):
    words = ("explain", "viewer", "--on", "scim", "--json", "-C", str(tmp_path))
    code, out, _ = run(capsys, *words)
    said = json.loads(out)
    assert (code, said["verb"], said["role"]["platform"]) == (0, "role explain", "scim")
    assert {line["mapped"] for line in said["role"]["lines"]} == {"unknown"}
    code, out, err = run(capsys, "explain", "viewer", "--on", "hubpot", "-C", str(tmp_path))
    assert code == 1
    assert "did you mean 'hubspot'?" in err


def test_the_portable_roles_are_listed_with_what_they_weigh(capsys):
    _, out, _ = run(capsys, "list", "--json")
    said = {one["role"]: one for one in json.loads(out)["roles"]}
    assert (said["marketer"]["score"], said["marketer"]["band"]) == (18, "moderate")
    assert said["administrator"]["capabilities"] == sorted(CAPABILITIES)
    assert run(capsys, "list")[1].splitlines()[0].startswith("role")


def test_a_line_of_a_plan_says_what_is_gained_and_what_is_lost(capsys):
    change = AccessEffect(
        account="crm",
        login="ana",
        gains=("contacts:export", "email:send", "crm:view", "ads:view"),
        loses=("asset:edit",),
        gains_unproven=("Ops",),
        before=Risk(score=6, band=Band.LOW, proven=True),
        after=Risk(score=34, band=Band.SEVERE, proven=False),
    )
    show.effects(
        Screen("never"), [change, change.model_copy(update={"gains_unproven": ("\x1b[1m",)})]
    )
    first, second = capsys.readouterr().out.splitlines()[2:]
    assert first.strip() == (
        "crm/ana  low 6 -> up to severe 34  gains Ops (not proven), contacts:export, email:send, "
        "crm:view and 1 more; loses asset:edit"
    )
    assert "\x1b" not in second


DOCUMENT = """\
people: {ana: {email: ana@x.example}}
accounts:
  crm:
    platform: scim
    roles: {writer: [Writers], guest: []}
    role_content: {Writers: {content: ["email:send", "contacts:export"], by: ana, on: 2026-11-01}}
  studio: {platform: canva}
roles:
  writer: {title: Writer, add: ["email:send", "asset:edit"]}
  guest: {add: ["asset:view"]}
  lead: {inherits: [writer], add: ["users:manage"]}
"""


def test_roles_of_a_document_are_explained_in_its_accounts(tmp_path, capsys):
    (tmp_path / "access.yaml").write_text(DOCUMENT, encoding="utf-8")

    def told(role, on, *words):
        words = ("role", "explain", role, "--on", on, "--as-of", "2026-11-28", *words)
        code = main([*words, "--cwd", str(tmp_path)])
        said = capsys.readouterr()
        return code, " ".join((said.out + said.err).split())

    code, said = told("writer", "crm")
    assert code == 0 and "Writer on crm (SCIM 2.0)" in said
    assert "+ gained by the mapping: contacts:export, crm:view" in said
    assert "- lost by it: asset:edit, asset:view" in said
    assert "declared by ana on 2026-11-01" in said
    assert "membership: nothing else stands for it here" in told("guest", "crm")[1]
    code, said = told("lead", "studio")
    assert code == 0 and "nothing is written to canva, so it is what the document says" in said
    assert "gained by the mapping" not in said
    assert "can give himself: settings:manage" in said or "can give himself: code:publish" in said
    assert "Writers: declared by ana" in told("Writers", "crm", "--native")[1]
    code, said = told("writr", "studio")
    assert code == 1 and "did you mean 'writer'" in said
    code, said = told("writer", "studoi")
    assert code == 1 and "did you mean 'studio'" in said
    (role,) = (json.loads(told("lead", "studio", "--json")[1])["role"],)
    assert (role["as_declared"], role["platform"], role["score"]) == (True, "canva", 29)
