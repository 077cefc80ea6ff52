"""An estate in use becomes code: four accounts full of history, and then nothing to do."""

import json
from pathlib import Path
from typing import Any

from pulumi_martech.sandbox import Sandbox

from .estate import STACK, Estate

PROGRAM = """
from pulumi_martech import hubspot, sendgrid

limits(company_domains=["example.com"])
crm = crm_account(administrators=["Admins"])
site = site_account()
portal = hubspot.Account("portal", url=os.environ["PORTAL_URL"],
    credentials=Bearer(token="env:PORTAL_TOKEN"))
mail = sendgrid.Account("mail-eu", url=os.environ["MAIL_EU_URL"],
    credentials=Bearer(token="env:MAIL_EU_TOKEN"))
editors = scim.Role("editors", account=crm, name="Editors")
crm_people(crm, "ana", roles=[editors])
"""
CALLS = """
import crm_access, mail_eu_access, portal_access, site_access
crm_access.declare(crm)
site_access.declare(site)
portal_access.declare(portal)
mail_eu_access.declare(mail)
"""
VENDOR = (
    "--vendor", "northlight=northlight.example", "--until", "2027-03-31", "--owner", "ines",
    "--reason", "spring campaign",
)  # fmt: skip


def lived_in(sandbox: Sandbox) -> None:
    """Fill the accounts with what years leave behind, without a call to any API."""
    crm: Any = sandbox.tenants["crm"]
    crm.dialect = crm.dialect.model_copy(update={"page_cap": 20})
    people = [f"p{n:03}@example.com" for n in range(50)]
    crm.add_users([{"userName": login} for login in people])
    crm.add_role('Quoted "Role"', members=people[::3])
    for role in ("Admins", "class"):
        crm.add_role(role)
    crm.add_user("EXAMPLE\\Zoë", roles=["Admins", "class"], displayName="Zoë O'Hara")
    crm.add_user("p001@other.example", roles=["Admins"])
    crm.add_user("left@example.com", roles=["Admins"], active=False)
    crm.add_user("svc-sync", roles=["Admins"])
    crm.add_user("eve@northlight.example", roles=["Editors"])
    crm.add_user("nils@sub.northlight.example")
    crm.add_user("gone@northlight.example", roles=["Editors"], active=False)
    crm.add_user("trap@examp1e.com", roles=["Admins"])
    site: Any = sandbox.tenants["site"]
    site.add_role("shop_manager")
    site.add_user("zoe", email="Zoe@Example.com", roles=["editor", "shop_manager"])
    site.add_user("p001@example.com", email="p001@example.com", roles=[])
    site.add_user("eve-nl", email="eve@northlight.example", roles=["author"])
    site.add_users([{"username": "müller", "email": "m@example.com", "roles": ["editor"]}])
    portal: Any = sandbox.tenants["portal"]
    for name in ("Marketer", "Nobody's"):
        portal.add_permission_set(name)
    for name in ("EMEA", "DACH"):
        portal.add_team(name)
    portal.add_user("p001@example.com", role="Marketer", primary_team="EMEA", teams=["DACH"])
    portal.add_user("Boss@Example.com")
    portal.make_super_admin("boss@example.com")
    portal.add_user("off@example.com", role="Marketer")
    portal.deactivate("off@example.com")
    portal.add_user("eve@northlight.example", role="Marketer")
    mail: Any = sandbox.tenants["mail-eu"]
    scopes = ["mail.send", "marketing.read", "stats.read", "templates.read", "2fa_required"]
    for name in ("p001", "p002"):
        mail.add_teammate(f"{name}@example.com", username=f"{name}.x", scopes=scopes)
    mail.add_teammate("boss@example.com", username="boss", is_admin=True)
    mail.add_teammate("sso@example.com", is_sso=True, first_name="S", last_name="O", scopes=scopes)
    mail.add_subuser("emea")
    mail.add_teammate("sub@example.com", is_sso=True, first_name="S", last_name="U")
    mail.give_subusers("sub@example.com", {"emea": ["mail.send"]})
    mail.invite("new@example.com", ["mail.send"])
    mail.invite("eve@northlight.example", ["stats.read"])
    mail.add_key("backend", ["mail.send"])


def test_four_accounts_in_use_become_code_and_nothing_is_to_do(estate: Estate) -> None:
    for key, platform in (("portal", "hubspot"), ("mail-eu", "sendgrid")):
        estate.sandbox.tenant(key, platform)
        estate.environment |= estate.variables(key)
    estate.program(PROGRAM)
    estate.applied()  # so that the gate has a map already: one person, one mail domain
    lived_in(estate.sandbox)
    estate.mark()

    found = estate.must(estate.martech("import", "crm", "--raw", "--except", "svc-*", *VENDOR))
    for key in ("site", "portal"):
        estate.must(estate.martech("import", key, "--raw", *VENDOR))
    said = estate.must(estate.martech("import", "mail-eu", "--raw", "--json", *VENDOR)).json()
    assert (said["verb"], said["account"], said["platform"]) == ("import", "mail-eu", "sendgrid")
    assert (
        said["found"] | {"administrators": 2, "pending": 2, "vendors": {"northlight": 1}}
        == (said["found"])
    )
    assert [Path(file).name for file in said["files"]] == [
        "mail_eu_access.py",
        "mail-eu.import.json",
    ]
    twice = estate.martech("import", "crm", "--raw")
    assert "are there already; nothing was read or written; remove it, or say --out" in twice.text
    for row in (
        "people 52 MartechUser",
        "people of vendor northlight 2 VendorGrant",
        "declared already 1",
        "switched off (--deactivated declares these too): left@example.com",
        "left out by --except svc-*: svc-sync",
        "examp1e.com looks like example.com: find out whose it is: trap@examp1e.com",
    ):
        assert row in found.text
    files = [f"{key}.import.json" for key in ("crm", "site", "portal", "mail-eu")]
    every = [part for file in files for part in ("--apply", file)]
    early = estate.martech("import", *every)
    assert "the next run would take them away; the state was left as it is" in early.text
    assert early.code == 1

    estate.program(PROGRAM + CALLS)
    applied = estate.must(estate.martech("import", *every))
    assert "has nothing to do" in applied.text
    assert estate.plan("--refresh") == []
    estate.must(estate.refresh("--expect-no-changes"))
    estate.applied("--expect-no-changes")
    assert estate.writes() == []

    state = json.dumps(estate.deployment())
    texts = [state, *((estate.project / file).read_text() for file in files)]
    texts += [file.read_text() for file in (estate.project / "stacks").glob("*_access.py")]
    secrets = [v for t in estate.sandbox.tenants.values() for v in secrets_of(t)]
    assert len(texts) == 9
    assert [secret for secret in secrets for text in texts if secret in text] == []
    resources = estate.resources()
    assert {
        "sendgrid:MartechUser mail-eu/p001",
        "hubspot:MartechUser portal/p001",
    } <= resources.keys()
    assert not any("@" in name for name in resources)
    again = estate.must(estate.martech("import", "--apply", files[0]))
    assert "were in the state of dev already" in again.text


def test_an_account_is_the_first_that_a_stack_hears_of(estate: Estate) -> None:
    """A fresh stack, and the file given to the engine itself: account, gate and people at once."""
    crm: Any = estate.crm
    crm.add_role("Editors")
    crm.add_user("ana@example.com", roles=["Editors"])
    crm.add_user("bo@other.example", roles=["Editors"])
    program = 'crm = crm_account(administrators=["Editors"])\n'
    estate.program(program)
    estate.must(estate.martech("import", "crm", "--raw"))
    import_ = ("import", "--file", "crm.import.json", "--yes", "--skip-preview", "-s", STACK)
    estate.must(estate.bare(*import_, "--generate-code=false", "--protect=false"))
    estate.program(program + "import crm_access\ncrm_access.declare(crm)\n")
    assert "Nothing to do: the accounts are as declared." in estate.martech("up", "--yes").text
    assert estate.writes() == []


def secrets_of(tenant: Any) -> list[str]:
    """Return what opens a tenant."""
    credentials = tenant.credentials
    return [text for text in (credentials.token, credentials.password) if text]
