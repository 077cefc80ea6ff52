"""What every platform's module promises, and how a connector is made."""

import subprocess
import sys
from typing import Any

import pytest

from pulumi_martech.model.account import AccountConfig, Basic, Bearer, ByHand, Credentials
from pulumi_martech.model.errors import CredentialError, InvalidDeclaration
from pulumi_martech.model.manifest import Ability
from pulumi_martech.platforms import base
from pulumi_martech.platforms.attested import Instructs
from pulumi_martech.platforms.registry import PLATFORMS, connect, platform
from tests.platforms.support import serve
from tests.transport.support import serving

EACH = pytest.mark.parametrize("name", PLATFORMS)


@EACH
def test_a_manifest_states_every_ability_and_how_it_is_known(name: str) -> None:
    manifest = PLATFORMS[name].manifest
    assert manifest.platform == name
    assert set(manifest.abilities) == set(Ability)
    for ability, support in manifest.abilities.items():
        assert support.how
        assert support.source.startswith(f"{name.replace('_', '-')}.md ["), ability
        assert bool(support.alternative) == (support.there != "yes"), ability
        assert support.there == "no" or support.grade != "memory", f"{ability} drives writes"


@EACH
def test_a_connector_can_what_its_manifest_says(name: str) -> None:
    chosen, able = PLATFORMS[name], PLATFORMS[name].manifest.can_by_api
    connector = connect(account(name))
    assert isinstance(connector, base.Connector)
    assert isinstance(connector, base.CreatesUsers) == able(Ability.CREATE_USER)
    assert isinstance(connector, base.ChangesUsers) == able(Ability.CHANGE_USER)
    assert isinstance(connector, base.DeactivatesUsers) == able(Ability.DEACTIVATE_USER)
    assert isinstance(connector, base.RemovesUsers) == able(Ability.REMOVE_USER)
    assert isinstance(connector, base.OwnsRoles) == able(Ability.CREATE_ROLE)
    assert isinstance(connector, Instructs) == (chosen.manifest.attested is not None)
    assert (chosen.role is not None) == chosen.manifest.can(Ability.CREATE_ROLE)
    verbs = {removal.verb for removal in chosen.manifest.removals}
    assert chosen.manifest.softest_ending_verb in verbs
    softest = next(
        r for r in chosen.manifest.removals if r.verb == chosen.manifest.softest_ending_verb
    )
    proven = softest.login == "yes" or chosen.manifest.attested is not None
    assert proven, "the default way to go ends log-in, or somebody attests that it did"
    assert ("deactivate" in verbs) == chosen.manifest.can(Ability.DEACTIVATE_USER)


@EACH
def test_what_is_done_by_hand_is_done_where_there_is_no_api(name: str) -> None:
    manifest = PLATFORMS[name].manifest
    ways = {support.there for support in manifest.abilities.values()}
    assert ways <= ({"by hand", "no"} if manifest.attested else {"yes", "partly", "no"})
    assert (manifest.limits.page_size is None) == (manifest.attested is not None)


@EACH
def test_every_argument_is_documented(name: str) -> None:
    chosen = PLATFORMS[name]
    for arguments in filter(None, (chosen.user, chosen.role)):
        assert arguments.__doc__
        for field, info in arguments.model_fields.items():
            assert info.description, field


@EACH
def test_making_a_connector_reads_no_credential_and_sends_nothing(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UNSET", raising=False)
    connector = connect(account(name, "https://nowhere.invalid"))
    assert connector.client.counts.total == 0
    if connector.manifest.attested:
        assert connector.whoami().login is None
    else:
        with pytest.raises(CredentialError, match="UNSET"):
            connector.whoami()
    assert connector.client.counts.total == 0


def test_an_unknown_platform_is_named_with_those_there_are() -> None:
    known = "choose one of gtg_crm, hubspot, scim, sendgrid, wordpress"
    with pytest.raises(InvalidDeclaration, match=known):
        platform("hubspott")


def test_reading_uses_the_reading_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READ", "reading-token")
    monkeypatch.setenv("WRITE", "writing-token")
    with serving(
        serve({"totalResults": 0}), serve({"totalResults": 0}), serve({"id": "1"})
    ) as wire:
        connector: Any = connect(
            AccountConfig(
                key="crm",
                platform="scim",
                url=wire.url,
                credentials=Bearer(token="env:WRITE"),
                read_credentials=Bearer(token="env:READ"),
            )
        )
        connector.directory()
        connector.create_role(PLATFORMS["scim"].role(name="Editors"))
    used = [request.headers["authorization"] for request in wire.requests]
    assert used == ["Bearer reading-token", "Bearer reading-token", "Bearer writing-token"]


def test_platforms_know_nothing_of_pulumi() -> None:
    program = (
        "import sys, pulumi_martech.platforms.registry;"
        "print([m for m in sys.modules if m.split('.')[0] == 'pulumi'])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def account(name: str, url: str = "http://127.0.0.1:9") -> AccountConfig:
    credentials: Credentials = Bearer(token="env:UNSET")
    if name == "wordpress":
        credentials = Basic(username="admin", password="env:UNSET")
    elif PLATFORMS[name].manifest.attested:
        credentials = ByHand(operator="mia")
    return AccountConfig(key="one", platform=name, url=url, credentials=credentials)
