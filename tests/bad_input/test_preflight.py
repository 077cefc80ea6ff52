"""What only the platforms can tell: asked before anything is written, in all accounts at once."""

import os
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from pulumi_martech.sandbox import Sandbox

from .office import UNSET, Office, Said

PEOPLE = """
crm = crm_account()
site = site_account()
scim.MartechUser("ana", account=crm, login="ana@example.com")
wordpress.MartechUser("ana", account=site, login="ana", email="ana@example.com", roles=["editor"])
"""

NOTHING = "stack dev was not applied; nothing was written to any platform"


def refused(office: Office, **env: str) -> Said:
    """Apply what must be refused before anything is written."""
    said = office.refused("up", "--yes", **env)
    assert said.lines("error: ")[-1] == f"error: {NOTHING}"
    return said


def test_unknown_roles_are_all_named_with_near_ones(office: Office) -> None:
    office.crm.add_role("Marketing Editors")
    office.crm.add_role("Analysts")
    office.program(
        """
        crm = crm_account()
        site = site_account()
        scim.Role("ops", account=crm, name="Campaign Ops")
        scim.RoleReference("staff", account=crm, name="Analyst")
        wordpress.RoleReference("shop", account=site, name="shop_manager")
        scim.MartechUser("ana", account=crm, login="ana@example.com",
                         roles=["Markting Editors", "Campain Ops"])
        scim.MartechUser("ben", account=crm, login="ben@example.com",
                         roles=["Markting Editors", "Analysts", "Campaign Ops"])
        wordpress.MartechUser("ana", account=site, login="ana", email="ana@example.com",
                              roles=["editr", "shop_manager"])
        wordpress.MartechUser("ben", account=site, login="ben", email="ben@example.com",
                              roles=["zookeeper"])
        """
    )
    said = refused(office)
    lines = [line for line in said.lines("there is no role")]
    assert len(lines) == 5, said.text
    editors = said.one("crm, roles: there is no role 'Markting Editors'")
    assert "wanted for ana, ben; did you mean 'Marketing Editors'?" in editors
    # The near one may be made by this very run.
    assert "did you mean 'Campaign Ops'?" in said.one("'Campain Ops'")
    assert "did you mean 'Analysts'?" in said.one("'Analyst'", "a RoleReference")
    editr = said.one("site, roles: there is no role 'editr'")
    assert "did you mean 'editor'?" in editr
    assert "declare a RoleReference if it exists under this name" in said.one("'zookeeper'")


def test_credentials_that_are_not_there(office: Office) -> None:
    closed = office.folder / "closed"
    closed.write_text("secret-of-the-file")
    closed.chmod(0)
    (office.folder / "blank").write_text("\n")
    kinds = {
        "unset": "env:NOT_THERE",
        "empty": "env:EMPTY",
        "missing": "file:secrets/none",
        "closed": f"file:{closed}",
        "folder": "file:stacks",
        "blank": f"file:{office.folder / 'blank'}",
        "ring": "keyring:martech/crm",
    }
    office.program(
        "".join(
            f'a = crm_account("{key}", tenant="{key}", credentials=Bearer(token="{reference}"))\n'
            f'scim.MartechUser("ana", account=a, login="ana@example.com")\n'
            for key, reference in kinds.items()
        )
    )
    said = refused(office, NOT_THERE=UNSET, EMPTY="")
    for key, words in {
        "unset": "the environment variable NOT_THERE is not set; set NOT_THERE",
        "empty": "env:EMPTY: it is empty; put the secret there",
        "missing": "cannot be read (no such file or directory)",
        "closed": "cannot be read (permission denied)",
        "folder": "is not a regular file; name a file",
        "blank": "it is empty; put the secret there",
        "ring": "this machine has no keyring; use env: or file:, or install a keyring",
    }.items():
        if key == "closed" and os.geteuid() == 0:
            continue  # whoever is root may read every file
        assert words in said.one(f"error: {key}, credentials"), said.text


def test_a_token_without_rights_is_told_which(office: Office) -> None:
    office.site.add_role("clerk", ["read", "list_users", "edit_users"])
    office.site.add_user("lea", email="lea@example.com", roles=["clerk"])
    password = office.site.add_password("lea", "martech")
    office.program(
        PEOPLE.replace(
            "site_account()",
            'site_account(credentials=Basic(username="lea", password="env:LEA_PASSWORD"))',
        )
    )
    said = refused(office, LEA_PASSWORD=password)
    line = said.one("error: site, rights")
    assert "the credentials lack create_users, promote_users, delete_users" in line
    assert "edit_users" not in line
    assert "give their owner these rights" in line
    assert password not in said.text
    doctor = office.refused("doctor", LEA_PASSWORD=password)
    assert "create_users" in doctor.out


def test_a_token_that_may_only_read_is_refused_at_the_write(office: Office) -> None:
    """SCIM lists no rights, so nobody can tell before the first write is refused."""
    office.program(PEOPLE)
    read_only = office.crm.read_credentials.token
    said = office.martech("up", "--yes", code=1, CRM_TOKEN=read_only)
    line = said.one("error: ", "create user ana@example.com in account crm")
    assert "it lacks the right users:write" in line
    assert "give the credential's owner the right" in line
    assert office.crm.users() == {}
    assert [write.committed for write in office.writes("crm")] == [False]
    doctor = office.martech("doctor", "crm", CRM_TOKEN=read_only)
    assert "this server does not list what a login may do" in " ".join(doctor.out.split())
    done = office.martech("up", "--yes")
    assert office.crm.users().keys() == {"ana@example.com"}
    assert "created" in done.one("scim:MartechUser crm/ana created")


def test_a_preview_needs_no_credential_that_may_write(office: Office) -> None:
    office.crm.add_role("Editors")
    office.program(
        """
        crm = crm_account(read_credentials=Bearer(token="env:CRM_READ_TOKEN"))
        scim.MartechUser("ana", account=crm, login="ana@example.com", roles=["Editors"])
        """
    )
    reading = {"CRM_TOKEN": UNSET, "CRM_READ_TOKEN": office.crm.read_credentials.token}
    planned = office.martech("preview", "--exit-code", code=2, **reading)
    assert planned.lines("scim:MartechUser crm/ana create")
    assert "the environment variable CRM_TOKEN is not set" in refused(office, **reading).text
    office.martech("up", "--yes", CRM_READ_TOKEN=reading["CRM_READ_TOKEN"])
    office.crm.set_members("Editors", [])
    drift = office.martech("preview", "--exit-code", code=2, **reading)
    assert "+ roles.Editors: true" in drift.text


def test_credentials_of_another_tenant(office: Office) -> None:
    other = office.sandbox.tenant("other", "scim")
    office.program(PEOPLE.replace("site_account()", 'site_account(own_login="martech-bot")'))
    said = refused(office, CRM_TOKEN=other.credentials.token)
    assert "the server answered 401" in said.one("error: crm, identity")
    line = said.one("error: site, identity")
    assert "these are the credentials of admin, the account says martech-bot" in line
    assert "use the right credentials, or correct own_login on the Account" in line
    assert other.credentials.token not in said.text


@pytest.mark.parametrize("certificate", ["self-signed", "expired", "other-host"])
def test_certificates_that_cannot_be_trusted(tmp_path: Path, fresh: Path, certificate: str) -> None:
    with Sandbox(certificate=certificate) as sandbox:  # type: ignore[arg-type]
        office = Office(tmp_path, sandbox, fresh)
        office.program(PEOPLE)
        trusted = {}
        if certificate != "self-signed":
            # As if a company's own authority had issued it: only what is meant is wrong.
            address = urlsplit(sandbox.url)
            pem = ssl.get_server_certificate((str(address.hostname), int(address.port or 0)))
            (tmp_path / "issuer.pem").write_text(pem)
            trusted = {"SSL_CERT_FILE": str(tmp_path / "issuer.pem")}
        said = refused(office, **trusted)
        words = {
            "self-signed": ("self-signed certificate", "give SSL_CERT_FILE the issuer's"),
            "expired": ("certificate has expired", "have the certificate renewed there"),
            "other-host": ("not valid for '127.0.0.1'", "another host answers there"),
        }[certificate]
        for account in ("crm", "site"):
            line = said.one(f"error: {account}, address")
            assert all(word in line for word in words), line
        assert [t.log() for t in office.tenants] == [[], []], "no credential was sent"


def test_addresses_that_do_not_answer(office: Office) -> None:
    office.program(PEOPLE)
    said = refused(
        office, CRM_URL="http://127.0.0.1:9/scim/v2", SITE_URL="https://site.invalid/wp-json"
    )
    crm, site = said.one("error: crm, address"), said.one("error: site, address")
    assert "http://127.0.0.1:9 refused the connection; check the url and whether" in crm
    assert "https://site.invalid is a name that was not found" in site


def test_names_in_an_account_that_nobody_has_are_told(office: Office) -> None:
    office.crm.add_role("CRM Admins")
    office.crm.add_user("boss@example.com")
    office.program(
        PEOPLE.replace(
            "crm_account()",
            'crm_account(administrators=["CRM Admns"], protected=["BOSS@example.com", '
            '"ana@example.com", "bos@example.com"])',
        ).replace("site_account()", 'site_account(administrators=["edtior"], protected=["Nobody"])')
    )
    said = refused(office)
    role = said.one("error: crm, roles: there is no role 'CRM Admns', wanted for administrators=")
    assert "did you mean 'CRM Admins'?" in role
    gone = said.one("warning: crm, protected: ")
    assert "nobody there has the log-in 'bos@example.com'" in gone
    assert "did you mean 'editor'?" in said.one("warning: site, roles: there is no role 'edtior'")
    assert "has the log-in 'nobody'" in said.one("warning: site, protected: ")
    assert len(said.lines("error: ")) == 2, said.text

    program = (office.root / "stacks" / "__main__.py").read_text()
    (office.root / "stacks" / "__main__.py").write_text(program.replace("CRM Admns", "CRM Admins"))
    said = office.martech("up", "--yes")
    assert len(said.lines("warning: ")) == 3, said.text
