"""Roles that come, are referred to and go: in which order, and what is refused before a write."""

from .estate import Estate

ANA = 'scim.MartechUser("ana", account=crm, login="ana@example.com", roles=["Editors"])\n'
ROLE = 'scim.Role("editors", account=crm, name="Editors")\n'
REFERENCE = (
    'scim.RoleReference("staff", account=crm, name="Editors", content=["asset:edit"],\n'
    '    declared_by="ana", declared_on="2026-05-01")\n'
)


def test_a_reference_waits_for_the_role_that_the_program_makes(estate: Estate) -> None:
    estate.program("crm = crm_account()\n" + REFERENCE + ANA + ROLE)
    estate.applied()
    assert next(write.path for write in estate.writes("crm")).endswith("/Groups")
    assert estate.crm.members("Editors") == ["ana@example.com"]
    assert estate.plan() == []


def test_a_role_that_goes_while_people_are_declared_to_hold_it_is_refused(estate: Estate) -> None:
    estate.program("crm = crm_account()\n" + ROLE + ANA)
    estate.applied()
    estate.mark()
    estate.program("crm = crm_account()\n" + ANA)
    words = "role Editors of crm would be removed, and ana@example.com would still be declared"
    run = estate.up("--continue-on-error")
    assert not run.ok
    assert words in run.text
    assert words in estate.martech("preview").text
    assert estate.writes() == []
    estate.program("crm = crm_account()\n" + ANA.replace('"Editors"', ""))
    estate.applied()
    assert estate.crm.roles() == []
