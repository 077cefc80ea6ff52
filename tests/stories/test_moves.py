"""People who move, accounts that are renamed or move, logins that change: no access goes silently.

What a user expects is in each test's name; what reached the platforms is what is asserted.
"""

from .estate import Estate


def test_moving_a_person_gives_first_and_takes_afterwards(estate: Estate) -> None:
    estate.sandbox.tenant("hr", "scim")
    estate.environment |= estate.variables("hr")
    accounts = """
    crm = crm_account()
    hr = crm_account("hr")
    crm_people(crm, "ben")
    """
    estate.program(accounts + 'crm_people(crm, "ana")')
    estate.applied()
    estate.mark()
    estate.program(accounts + 'crm_people(hr, "ana")')
    assert estate.plan("--refresh=false") == [
        "create hr/ana",
        "delete crm/ana",
        'update gate (accounts.crm.logins["ana@example.com"], '
        'accounts.hr.logins["ana@example.com"])',
    ]
    estate.applied()
    assert estate.logins("crm") == {"ben@example.com"}
    assert estate.logins("hr") == {"ana@example.com"}
    writes = [write for tenant in ("hr", "crm") for write in estate.writes(tenant)]
    assert [(write.tenant, write.method) for write in writes] == [("hr", "POST"), ("crm", "PATCH")]
    assert writes[0].number < writes[1].number
    estate.mark()
    estate.applied()
    assert estate.writes() == []


def test_an_account_renamed_with_its_old_name_writes_nothing(estate: Estate) -> None:
    program = """
    crm = crm_account()
    site = site_account()
    editors = scim.Role("editors", account=crm, name="Editors")
    crm_people(crm, "ana", "ben", roles=[editors])
    scim.VendorGrant("northlight", account=crm, domains=["northlight.example"], until="2027-01-01",
        owner="ana", reason="spring", people={"eve@northlight.example": {"roles": [editors]}})
    wordpress.RoleReference("editor", account=site, name="editor")
    site_people(site, "ana")
    """
    estate.program(program)
    estate.applied()
    estate.mark()
    old_ids = {
        name.split("/")[-1]: r["id"]
        for name, r in estate.resources().items()
        if name.startswith("scim:MartechUser")
    }
    renamed = program.replace(
        "crm_account()", 'crm_account("sales", variable="CRM", renamed_from="crm")'
    ).replace("site_account()", 'site_account("shop", variable="SITE", renamed_from="site")')
    estate.program(renamed)
    assert not [c for c in estate.plan("--refresh=false") if c.startswith(("create", "delete"))]
    estate.applied()
    assert estate.writes() == []
    resources = estate.resources()
    assert "scim:MartechUser sales/ana" in resources
    assert "wordpress:MartechUser shop/ana" in resources
    assert not [name for name in resources if "crm" in name or "site" in name]
    new_ids = {
        name.split("/")[-1]: r["id"]
        for name, r in resources.items()
        if name.startswith("scim:MartechUser")
    }
    assert new_ids == old_ids
    assert resources["scim:MartechUser sales/ana"]["inputs"]["account"] == "sales"
    # `renamed_from` may stay or go, and everything is as before.
    estate.applied()
    estate.program(renamed.replace(', renamed_from="crm"', "").replace(', renamed_from="site"', ""))
    estate.applied()
    assert estate.writes() == []
    estate.must(estate.destroy())
    assert estate.logins("crm") == set()


def test_an_account_renamed_without_its_old_name_is_refused(embedded: Estate) -> None:
    embedded.program('crm_people(crm_account(), "ana", "ben")')
    embedded.applied()
    embedded.mark()
    embedded.program('crm_people(crm_account("sales", variable="CRM"), "ana", "ben")')
    run = embedded.up("--continue-on-error")
    assert run.code != 0
    assert "account crm leaves and sales comes with the same address" in run.text
    assert "renamed_from='crm'" in run.text
    assert embedded.writes() == []
    assert embedded.logins("crm") == {"ana@example.com", "ben@example.com"}


def test_an_address_that_changes_is_refused_until_a_reason_is_given(embedded: Estate) -> None:
    embedded.program('crm_people(crm_account(), "ana", "ben")')
    embedded.applied()
    embedded.mark()
    other = embedded.sandbox.tenant("other", "scim")
    embedded.environment |= {"CRM_URL": other.base_url, "CRM_TOKEN": other.credentials.token}
    run = embedded.up("--refresh=false")
    assert run.code != 0
    assert "the address of account crm changes" in run.text
    assert "another account key" in run.text
    assert embedded.writes() == []


def test_the_same_tenant_at_another_address_goes_on_without_a_write(embedded: Estate) -> None:
    embedded.program('crm_people(crm_account(), "ana", "ben")')
    embedded.applied()
    embedded.mark()
    embedded.environment["CRM_URL"] = embedded.environment["CRM_URL"].replace(
        "127.0.0.1", "localhost"
    )
    assert embedded.up().code != 0
    embedded.applied(MARTECH_OVERRIDE="the vendor gave us a new host name")
    embedded.applied()
    assert embedded.writes() == []
    assert embedded.logins("crm") == {"ana@example.com", "ben@example.com"}


def test_another_tenant_under_the_old_key_gets_its_people_in_the_open(embedded: Estate) -> None:
    """With a reason the address may change; the people are then made there, and shown before."""
    embedded.program('crm_people(crm_account(), "ana", "ben")')
    embedded.applied()
    other = embedded.sandbox.tenant("other", "scim")
    embedded.mark()
    embedded.environment |= {"CRM_URL": other.base_url, "CRM_TOKEN": other.credentials.token}
    embedded.applied("--refresh=false", MARTECH_OVERRIDE="the old tenant was shut down")
    assert embedded.writes() == []
    planned = embedded.plan("--refresh")
    assert [c for c in planned if c.startswith("create")] == ["create crm/ana", "create crm/ben"]
    embedded.applied()
    assert set(other.users()) == {"ana@example.com", "ben@example.com"}


def test_a_login_changes_in_place_where_the_platform_can(embedded: Estate) -> None:
    program = """
    crm = crm_account()
    scim.Role("editors", account=crm, name="Editors")
    scim.MartechUser("ana", account=crm, login="ana@example.com", roles=["Editors"])
    """
    embedded.program(program)
    embedded.applied()
    before = embedded.crm.users()["ana@example.com"]["id"]
    embedded.mark()
    embedded.program(program.replace("ana@", "ana.souza@"))
    assert "update crm/ana (login)" in embedded.plan("--refresh=false")
    embedded.applied()
    users = embedded.crm.users()
    assert users.keys() == {"ana.souza@example.com"}
    assert users["ana.souza@example.com"]["id"] == before
    assert embedded.crm.members("Editors") == ["ana.souza@example.com"]
    assert [write.method for write in embedded.writes()] == ["PATCH"]
    embedded.mark()
    embedded.applied()
    assert embedded.writes() == []


def test_a_login_that_cannot_change_makes_a_new_user_and_keeps_the_work(estate: Estate) -> None:
    program = """
    site = site_account()
    wordpress.MartechUser(
        "ana", account=site, login="ana", email="ana@example.com", roles=["editor"]
    )
    """
    estate.program(program)
    estate.applied()
    estate.site.add_post("ana", "Spring")
    estate.mark()
    estate.program(program.replace('login="ana"', 'login="ana-souza"'))
    planned = estate.plan("--refresh=false")
    assert any(c.endswith("crm/ana") or c.endswith("site/ana") for c in planned)
    assert any(c.startswith("replace") or "replacement" in c for c in planned)
    estate.applied()
    assert estate.logins("site") == {"admin", "ana-souza"}
    assert estate.site.users()["ana-souza"]["roles"] == ["editor"]
    assert [post["title"] for post in estate.site.posts("admin") if post["title"] == "Spring"]
    estate.mark()
    estate.applied()
    assert estate.writes() == []


def test_a_login_changed_by_hand_is_drift_and_put_right(embedded: Estate) -> None:
    embedded.program('crm_people(crm_account(), "ana")')
    embedded.applied()
    embedded.crm.change_user("ana@example.com", userName="ana.hand@example.com")
    assert embedded.plan("--refresh") == ["update crm/ana (login)"]
    embedded.applied()
    assert embedded.logins("crm") == {"ana@example.com"}


def test_a_login_that_moves_to_another_declaration_keeps_its_access(estate: Estate) -> None:
    """From single people to a roster and back, under another name in code: nobody is ended."""
    single = """
    crm = crm_account()
    scim.Role("editors", account=crm, name="Editors")
    crm_people(crm, "ana", "ben", roles=["Editors"])
    """
    estate.program(single)
    estate.applied()
    estate.mark()
    roster = """
    crm = crm_account()
    scim.Role("editors", account=crm, name="Editors")
    scim.Roster(account=crm, members={
        f"{name}@example.com": {"roles": ["Editors"], "display_name": name.title()}
        for name in ("ana", "ben")
    })
    """
    for program in (roster, single, single.replace('"ana", "ben"', '"ana"') + """
    scim.MartechUser("benedikt", account=crm, login="ben@example.com", roles=["Editors"],
        display_name="Ben")
    """):  # fmt: skip
        estate.program(program)
        estate.applied()
        assert estate.writes() == []
    assert estate.logins("crm") == {"ana@example.com", "ben@example.com"}
    assert "scim:MartechUser crm/benedikt" in estate.resources()
    assert "scim:MartechUser crm/ben" not in estate.resources()


def test_a_target_does_not_end_what_the_program_declares_by_something_else(
    embedded: Estate,
) -> None:
    embedded.program('crm = crm_account()\ncrm_people(crm, "ana", "ben")')
    embedded.applied()
    embedded.mark()
    moved = """
    crm = crm_account()
    crm_people(crm, "ben")
    scim.MartechUser("anna", account=crm, login="ana@example.com", display_name="Ana")
    """
    embedded.program(moved)
    refused = (
        "ana@example.com would lose access to crm, but the program declares it by MartechUser "
        "crm/anna, which is no target; nothing was written; add --target crm/anna"
    )
    run = embedded.martech("up", "--yes", "--target", "crm/ana")
    assert run.code == 1
    assert refused in run.text
    assert embedded.martech("up", "--yes", "--target", "crm/anna").ok
    # The new one is recorded by now, and still nobody looks at it.
    run = embedded.martech("up", "--yes", "--target", "crm/ana")
    assert run.code == 1
    assert refused in run.text
    assert embedded.writes() == []
    assert embedded.martech("up", "--yes", "--target", "crm/ana", "--target", "crm/anna").ok
    assert embedded.writes() == []
    assert "scim:MartechUser crm/ana" not in embedded.resources()
    # What nobody declares goes by its own target as ever, and so does who is switched off by it.
    embedded.program(
        moved.replace('crm_people(crm, "ben")', "").replace('Ana"', 'Ana", active=False')
    )
    assert embedded.martech("up", "--yes", "--target", "crm/ben", "--target", "crm/anna").ok
    assert {login: user["active"] for login, user in embedded.crm.users().items()} == {
        "ana@example.com": False, "ben@example.com": False,
    }  # fmt: skip


def test_a_vendors_person_who_is_hired_keeps_access_at_the_end_of_the_vendor(
    embedded: Estate,
) -> None:
    accounts = 'crm = crm_account()\nscim.Role("editors", account=crm, name="Editors")\n'
    embedded.program(
        accounts
        + """
scim.VendorGrant("northlight", account=crm, domains=["northlight.example"], until="2027-01-01",
    owner="ines", reason="spring", aliases=["mo@freelance.example"], people={
        "eve@northlight.example": {"roles": ["Editors"]},
        "mo@freelance.example": {"roles": ["Editors"]},
    })
"""
    )
    embedded.applied()
    embedded.mark()
    embedded.program(
        accounts
        + 'scim.MartechUser("mo", account=crm, login="mo@freelance.example", roles=["Editors"])\n'
    )
    run = embedded.applied()
    assert "mo@freelance.example is declared by MartechUser mo: it stays" in run.text
    assert embedded.logins("crm") == {"mo@freelance.example"}
    assert len(embedded.writes()) == 1


def test_logins_that_change_hands_in_a_circle_are_refused_with_the_way_out(estate: Estate) -> None:
    def declare(**logins: str) -> None:
        user = 'scim.MartechUser("{}", account=crm, login="{}@example.com")\n'
        people = "".join(user.format(*pair) for pair in logins.items())
        estate.program(f"crm = crm_account()\n{people}")

    declare(ana="ana", ben="ben")
    estate.applied()
    estate.mark()
    declare(ana="ben", ben="ana")
    for run in (estate.martech("preview"), estate.up("--continue-on-error")):
        assert not run.ok
        assert "example.com: these logins of crm would change hands" in run.text
        assert "give one of them a third login first, and apply after each step" in run.text
    assert not [write for write in estate.writes() if write.committed]
    declare(ana="ana.b", ben="ben")
    estate.applied()
    declare(ana="ana.b", ben="ana")
    estate.applied()
    assert estate.logins("crm") == {"ana.b@example.com", "ana@example.com"}
