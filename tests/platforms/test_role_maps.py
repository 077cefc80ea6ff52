"""The role maps of the platforms: what is mapped, how it is known, what portable roles come to."""

import json
from datetime import date
from pathlib import Path

import pytest

from pulumi_martech.model.account import AccountConfig, Bearer
from pulumi_martech.model.capability import CAPABILITIES, Effect, effective
from pulumi_martech.model.content import Declared
from pulumi_martech.model.portable import PORTABLE_ROLES
from pulumi_martech.platforms.registry import PLATFORMS
from pulumi_martech.policy.roles import (
    effective_access,
    portable_roles,
    role_content,
    role_problems,
)
from pulumi_martech.sandbox import wordpress as sandbox_wordpress
from pulumi_martech.sandbox.sendgrid_scopes import SCOPES

TODAY = date(2026, 11, 23)
MAPS = {name: platform.role_map for name, platform in PLATFORMS.items()}
DEFAULTS = [(name, key) for name, one in MAPS.items() for key in sorted(one.portable)]


@pytest.mark.parametrize("name", sorted(MAPS))
def test_a_role_map_says_what_the_manifest_says_and_names_only_what_there_is(name):
    role_map, manifest = MAPS[name], PLATFORMS[name].manifest
    assert role_map.known == manifest.role_content
    assert role_map.portable.keys() <= PORTABLE_ROLES.keys()
    for right in role_map.rights.values():
        assert right.capabilities <= CAPABILITIES.keys()
    for rights in role_map.roles.values():
        assert role_map.translated(rights)[1] == frozenset()


@pytest.mark.parametrize(("name", "key"), DEFAULTS)
def test_no_platform_lets_a_portable_role_administer_more_than_it_says(name, key):
    role_map = MAPS[name]
    roles = role_map.portable[key]
    rights = [right for role in roles for right in role_map.roles.get(role, (role,))]
    brought, unmapped = role_map.translated(rights)
    assert unmapped == frozenset()
    gained = effective(brought).keys() - effective(PORTABLE_ROLES[key].capabilities).keys()
    assert not [n for n in gained if CAPABILITIES[n].effect is Effect.ADMINISTER]


def test_every_scope_of_the_vendor_is_mapped_but_those_of_signing_up():
    role_map = MAPS["sendgrid"]
    assert {scope for scope in SCOPES if role_map.right(scope) is None} == {
        "sender_verification_legacy",
        "signup.trigger_confirmation",
        "ui.confirm_email",
        "ui.provision",
        "ui.signup_complete",
        "validations.email.create",
        "validations.email.read",
    }
    for names in role_map.portable.values():
        assert set(names) <= SCOPES | {"admin"}


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        ("mail.send", {"email:send"}),
        ("marketing.read", {"email:create", "audience:manage", "contacts:export"}),
        ("messages.read", {"report:view_person"}),
        ("stats.read", {"report:view"}),
        ("suppression.bounces.delete", {"consent:manage"}),
        ("api_keys.create", {"integrations:manage"}),
        ("user.webhooks.event.settings.update", {"integrations:manage"}),
        ("teammates.create", {"users:manage"}),
        ("subusers.create", {"settings:manage"}),
        ("billing.update", {"billing:manage"}),
        ("emea:mail.send", {"email:send"}),
        ("admin", set(CAPABILITIES)),
        ("emea:admin", set(CAPABILITIES)),
        ("2fa_required", set()),
    ],
)
def test_scopes_are_read_one_by_one(scope, allowed):
    content = role_content("sendgrid", scope, {}, TODAY)
    assert content.known == "read"
    assert allowed <= content.allows.keys()
    assert bool(content.allows) == bool(allowed)


def test_what_only_reads_gives_no_right_to_change():
    reads = [scope for scope in SCOPES if scope.endswith(".read")]
    for scope in reads:
        brought = role_content("sendgrid", scope, {}, TODAY).allows.keys()
        assert not brought & {"users:manage", "billing:manage", "email:send"}, scope


def test_wordpress_ships_its_roles_as_the_product_does():
    file = Path(sandbox_wordpress.__file__).with_name("wordpress_roles.json")
    shipped = json.loads(file.read_text())
    role_map = MAPS["wordpress"]
    for role in ("subscriber", "contributor", "author", "editor"):
        rights = {right for right in shipped[role] if not right.startswith("level_")}
        assert set(role_map.roles[role]) == rights
    assert role_map.translated(shipped["administrator"])[1] == frozenset()
    assert role_map.translated(shipped["editor"])[0] >= {"code:publish", "landing_page:delete"}


@pytest.mark.parametrize("role", ["editor", "shop_manager"])
def test_on_wordpress_and_hubspot_nothing_is_known_before_somebody_says_so(role):
    for platform in ("wordpress", "hubspot", "scim"):
        content = role_content(platform, role, {}, TODAY)
        assert not content.proven
        assert effective_access(platform, [role], {}, TODAY).score() == 34
    said = {role: Declared(content=["landing_page:update"], by="ana", on=TODAY)}
    assert effective_access("wordpress", [role], said, TODAY).score() == 6


def account(platform, **more):
    return AccountConfig(
        key="a", platform=platform, url="https://a.example", credentials=Bearer(token="env:T"),
        **more,
    )  # fmt: skip


def test_an_accounts_own_word_goes_before_the_platforms():
    config = account("wordpress", portable_roles={"marketer": ["shop_writer"]})
    assert portable_roles(config)["marketer"] == ("shop_writer",)
    assert portable_roles(config)["administrator"] == ("administrator",)
    assert portable_roles(account("scim")) == {}


def test_everything_wrong_with_an_accounts_word_is_told_at_once():
    said = Declared(content=["email:sned", "marketing e-mail"], by="ana", on=TODAY)
    config = account(
        "hubspot",
        role_content={"Marketing": said},
        portable_roles={"marketeer": ["M"], "viewer": []},
    )
    problems = role_problems(config)
    assert "did you mean 'email:send'" in problems[0]
    assert "did you mean 'marketer'" in problems[1]
    assert "no native role for 'viewer'" in problems[2]


def test_an_account_with_roles_declared_survives_being_written_down():
    said = Declared(content={"email:send": "on", "export": "off"}, by="ana", on=TODAY)
    config = account(
        "hubspot",
        role_content={"Marketing": said},
        portable_roles={"marketer": ["Marketing"]},
        data_class="sensitive",
    )
    assert AccountConfig.from_inputs(config.inputs()) == config
    assert "role_content" not in account("hubspot").inputs()["martech:settings"]
