"""Guards in three layers, with two accounts: over a limit nothing is written in any of them."""

import pytest

from .estate import Estate

LIMITED = """
limits(removals=Limit(count=2, percent=100), stack_removals=Limit(count=4, percent=100))
crm = crm_account(breaker=3)
site = site_account(breaker=3)
"""
PEOPLE = ("ana", "ben", "cem", "dora", "eli", "finn")


def program(in_crm: tuple[str, ...], on_site: tuple[str, ...]) -> str:
    return f"{LIMITED}\ncrm_people(crm, *{in_crm!r})\nsite_people(site, *{on_site!r})\n"


OVER = program(PEOPLE[:3], (*PEOPLE, "gita"))
"""Three go in one account, one more than may; in the other one comes."""

WHO = "3 of 6 logins would lose access in crm (dora@example.com, eli@example.com, finn@example.com)"
LIMIT = "2 are allowed (at most 2 and 100 %, 0 always)"


def begun(estate: Estate) -> Estate:
    """Apply six people in both accounts."""
    estate.program(program(PEOPLE, PEOPLE))
    estate.applied()
    estate.mark()
    return estate


@pytest.fixture
def six(embedded: Estate) -> Estate:
    return begun(embedded)


def test_the_gate_stops_bare_up_before_any_write_in_any_account(estate: Estate) -> None:
    six = begun(estate)
    six.program(OVER)
    # Each of them with --skip-preview, which `up` says by itself.
    for flags in ([], ["--continue-on-error"], ["--refresh"], ["--refresh=false"]):
        run = six.up(*flags)
        assert run.code != 0
        assert six.writes() == []
        for words in (WHO, LIMIT, "nothing was written", "MARTECH_OVERRIDE"):
            assert words in run.text
        assert "gita" not in six.logins("site")
        assert not run.has_traceback


def test_the_gate_says_the_same_in_a_preview(six: Estate) -> None:
    six.program(OVER)
    run = six.preview()
    assert run.code != 0
    assert WHO in run.text


def test_martech_up_stops_before_any_write_in_any_account(estate: Estate) -> None:
    six = begun(estate)
    six.program(OVER)
    run = six.martech("up", "--yes")
    assert run.code == 1
    assert six.writes() == []
    for words in (WHO, LIMIT, "nothing was written", "--override"):
        assert words in run.text


def test_an_override_with_a_reason_passes_and_is_kept_in_the_audit(estate: Estate) -> None:
    six = begun(estate)
    six.program(OVER)
    run = six.applied(MARTECH_OVERRIDE="the events team moved to the shop")
    assert "over a guard" in run.text
    assert "the events team moved to the shop" not in run.text, "only the audit masks secrets"
    assert six.logins("crm") == {"ana@example.com", "ben@example.com", "cem@example.com"}
    told = [line for line in six.audit("crm") if line["phase"] == "intent" and line["reason"]]
    assert {(line["verb"], line["person"]) for line in told} == {
        ("deactivate user", name) for name in ("dora", "eli", "finn")
    }
    assert {line["reason"] for line in told} == {"the events team moved to the shop"}


def test_martech_up_with_an_override_does_and_records_it(six: Estate) -> None:
    six.program(OVER)
    run = six.martech("up", "--yes", "--override", "the events team moved")
    assert run.ok, run.text
    assert len(six.logins("crm")) == 3
    reasons = {line["reason"] for line in six.audit("crm") if line["phase"] == "intent"}
    assert "the events team moved" in reasons


def test_blank_reasons_override_nothing(six: Estate) -> None:
    six.program(OVER)
    assert six.up(MARTECH_OVERRIDE="  ").code != 0
    assert six.writes() == []


def test_an_account_that_leaves_is_asked_about_too(six: Estate) -> None:
    six.program(LIMITED.replace("site = site_account(breaker=3)", "") + 'crm_people(crm, "ana")')
    run = six.up("--continue-on-error")
    assert run.code != 0
    assert "the account leaves the program, so 6 of 6 logins would lose access in site" in run.text
    assert "11 of 12 logins would lose access over all accounts, 4 are allowed" in run.text
    assert six.writes() == []


def test_destroy_gets_round_the_gate_and_the_breaker_holds(estate: Estate) -> None:
    six = begun(estate)
    run = six.destroy("--continue-on-error")
    assert run.code != 0
    for tenant in ("crm", "site"):
        committed = [write for write in six.writes(tenant) if write.committed]
        assert len(committed) == 3, "three ended and nothing more was written"
        assert f"in {tenant}, its breaker is set to 3" in run.text
    assert len(six.logins("crm")) == 3
    assert "nothing more is written" in run.text


def test_targets_get_round_the_gate_and_the_next_full_run_counts_them(estate: Estate) -> None:
    six = begun(estate)
    urns = [six.urn(f"scim:MartechUser crm/{name}") for name in ("eli", "finn")]
    six.program(program(PEOPLE[:4], PEOPLE))
    six.applied(*(part for urn in urns for part in ("--target", urn)))
    assert six.logins("crm") == {f"{name}@example.com" for name in PEOPLE[:4]}
    six.mark()
    six.program(program(PEOPLE[:3], PEOPLE))
    run = six.up()
    assert run.code != 0, "one now and two before are over the limit of two"
    assert WHO in run.text
    assert six.writes() == []


def test_martech_guards_a_targeted_run_and_a_destroy_as_well(six: Estate) -> None:
    six.program(OVER)
    targets = [part for name in PEOPLE[3:] for part in ("--target", f"crm/{name}")]
    run = six.martech("up", "--yes", *targets)
    assert run.code == 1
    assert WHO in run.text
    run = six.martech("destroy", "--yes")
    assert run.code == 1
    assert "lose access" in run.text
    assert six.writes() == []


def test_privilege_and_new_domains_are_limited_too(embedded: Estate) -> None:
    program = """
    limits(privilege_increases=Limit(count=1), new_domains=Limit(count=1))
    crm = crm_account(administrators=["Admins"])
    for name in ("Admins", "Editors"):
        scim.Role(name.lower(), account=crm, name=name)
    crm_people(crm, "ana", roles=["Admins"])
    crm_people(crm, "ben", "cem", roles=["Editors"])
    """
    embedded.program(program)
    embedded.applied()
    embedded.mark()
    embedded.program(
        program.replace('roles=["Editors"]', 'roles=["Admins"]')
        + """
    for domain in ("one.example", "two.example"):
        scim.MartechUser(domain.split(".")[0], account=crm, login=f"x@{domain}")
    """
    )
    run = embedded.up()
    assert run.code != 0
    assert "privileges of 2 logins would increase in crm (ben@example.com, cem@ex" in run.text
    assert "administrating by Admins), 1 are allowed" in run.text
    assert "logins of 2 new mail domains would come in (one.example, two.example)" in run.text
    assert embedded.writes() == []


def test_the_last_administrator_and_protected_logins_stay(embedded: Estate) -> None:
    program = """
    crm = crm_account(administrators=["Admins"], protected=["Robot@example.com"])
    scim.Role("admins", account=crm, name="Admins")
    crm_people(crm, "ana", "ben", "robot", roles=["Admins"])
    """
    embedded.program(program)
    embedded.applied()
    embedded.mark()
    embedded.program(program.replace('"ana", "ben", "robot", roles=["Admins"]', '"ana", "ben"'))
    run = embedded.up()
    assert "crm would have no declared administrator left" in run.text
    assert "robot@example.com is protected in crm and would lose access" in run.text
    assert embedded.writes() == []
    # What the gate cannot know the process finds out: the other administrators are switched off.
    embedded.crm.change_user("ben@example.com", active=False)
    embedded.crm.change_user("robot@example.com", active=False)
    run = embedded.destroy("--target", embedded.urn("scim:MartechUser crm/ana"))
    assert "ana@example.com is the last administrator that is known to be active" in run.text
    assert embedded.writes() == []
