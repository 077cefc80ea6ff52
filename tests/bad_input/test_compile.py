"""What can be seen in the program alone: every problem with its place, and nobody is asked."""

import pytest

from .office import Office


def refused_offline(office: Office, body: str, head: str | None = None) -> list[str]:
    """Preview a program that must be refused before any platform is asked; return the errors."""
    office.program(body, *([head] if head is not None else []))
    marks = {tenant.key: tenant.mark() for tenant in office.tenants}
    said = office.refused("preview")
    assert [c for t in office.tenants for c in t.log(marks[t.key])] == [], "nobody was asked"
    return [line.removeprefix("error: ") for line in said.lines("error: ")]


def test_logins_and_addresses_that_cannot_be_meant(office: Office) -> None:
    errors = refused_offline(
        office,
        r"""
        crm = crm_account()
        site = site_account()
        scim.MartechUser("ana", account=crm, login="ana@example.com", email="ana(at)example.com")
        scim.MartechUser("ben", account=crm, login="ben@exam\u0440le.com")
        scim.MartechUser("cem", account=crm, login="cem\U0001f600@example.com")
        scim.MartechUser("dan", account=crm, login="d" * 300)
        scim.MartechUser("eve", account=crm, login="eve\u202emoc.elpmaxe@example.com")
        scim.MartechUser("fay", account=crm, login="fay@example.com", display_name="f" * 300)
        scim.MartechUser("gus", account=crm, login=" ")
        wordpress.MartechUser("hal", account=site, login="hal", email="hal@exarnple.com")
        wordpress.MartechUser("ida", account=site, login="ida", email="ida@")
        wordpress.MartechUser("joe", account=site, login="jo\u00e9", email="joe@example.com")
        """,
    )

    def one(person: str, *words: str) -> None:
        place = office.line(f'"{person}", account')
        found = [e for e in errors if e.startswith(f"{place}: ") and all(w in e for w in words)]
        assert len(found) == 1, (person, words, errors)

    one("ana", "email 'ana(at)example.com' is not an e-mail address", "must have an @-sign")
    one("ben", "mixes letters of Cyrillic and Latin")
    one("cem", "emoji", "U+1F600")
    one("dan", "300 characters, more than 255")
    one("eve", "right-to-left override")
    one("fay", "display_name", "300 characters, more than 255")
    one("gus", "login", "is empty")
    one("hal", "mail domain exarnple.com looks like example.com", "ask whose it is")
    one("ida", "'ida@' is not an e-mail address")
    one("joe", "letters without accents")
    # Nobody is told twice; a look-alike is also compared with the other domains.
    told = [e for e in errors if "mail domain exam\u0440le.com looks like" not in e]
    assert len(told) == 10, told
    assert max(map(len, errors)) < 260, "300 characters are not repeated"


def test_names_of_people_may_be_in_any_script(office: Office) -> None:
    office.program(
        r"""
        crm = crm_account()
        names = ["\u05d3\u05e0\u05d9 \u05dc\u05d5\u05d9", "\u0623\u062d\u0645\u062f",
                 "\u5c71\u7530", "Zo\u00eb \U0001f33b", "Nguy\u1ec5n", "X" * 255]
        for number, name in enumerate(names):
            scim.MartechUser(f"p{number}", account=crm, login=f"p{number}@example.com",
                             display_name=name)
        """
    )
    office.martech("up", "--yes")
    shown = [user["displayName"] for user in office.crm.users().values()]
    assert len(shown) == 6
    assert "\u05d3\u05e0\u05d9 \u05dc\u05d5\u05d9" in shown
    assert "Nothing to do" in office.martech("up", "--yes").out, "kept as written"


def test_a_person_declared_twice_is_named_with_both_places(office: Office) -> None:
    errors = refused_offline(
        office,
        """
        crm = crm_account()
        site = site_account()
        scim.MartechUser("ana", account=crm, login="ana@example.com")
        scim.MartechUser("ana-maria", account=crm, login="ana@example.com")
        scim.MartechUser("ben", account=crm, login="ben@example.com")
        scim.MartechUser("ben2", account=crm, login="Ben@Example.com")
        scim.MartechUser("ben", account=crm, login="benjamin@example.com")
        scim.VendorGrant(
            "northlight", account=crm, domains=["northlight.example"], until="2027-01-31",
            owner="ana", reason="campaigns", people={"cem@northlight.example": {"roles": []}},
        )
        scim.MartechUser("cem", account=crm, login="cem@northlight.example")
        wordpress.MartechUser("dan", account=site, login="dan", email="dan@example.com")
        wordpress.MartechUser("danny", account=site, login="danny", email="Dan@example.com")
        """,
    )

    def one(second: str, first: str, *words: str) -> None:
        places = (office.line(second), office.line(first))
        found = [e for e in errors if e.startswith(f"{places[0]}: ") and all(w in e for w in words)]
        assert any(places[1] in e.split(": ", 1)[1] for e in found), (second, places, errors)

    one('"ana-maria"', '"ana", account', "ana@example.com is declared twice in crm")
    one('"ben2"', '"ben", account', "Ben@Example.com", "ben@example.com, the same but for case")
    one('login="benjamin', '"ben", account=crm, login="ben@', "MartechUser ben of crm")
    one('"cem", account', "scim.VendorGrant", "cem@northlight.example is declared twice in crm")
    one('"danny"', '"dan", account', "email Dan@example.com", "WordPress lets one user have it")
    assert len([e for e in errors if "is declared twice" in e]) == 5


def test_an_end_that_is_over_brings_nobody_in(office: Office) -> None:
    office.program(
        """
        crm = crm_account()
        scim.VendorGrant(
            "northlight", account=crm, domains=["northlight.example"], until="2026-05-31",
            owner="ana", reason="campaigns", people={"cem@northlight.example": {"roles": []}},
        )
        """
    )
    said = office.martech("preview", "--offline", code=1)
    said.one("cem@northlight.example in crm would be declared with an end that is over", "active(")
    said.one(
        f"{office.line('scim.VendorGrant')}: ", "was to end on 2026-05-31 and keeps its access"
    )


def test_accounts_that_are_missing_wrong_or_in_a_circle(office: Office) -> None:
    # A resource that depends on itself cannot be written in Python: a name has to be bound first.
    # A circle over what waits for the gate can: an account that depends on a user.
    errors = refused_offline(
        office,
        """
        import pulumi
        crm = crm_account()
        site = site_account()
        scim.MartechUser("ana", account=None, login="ana@example.com")
        scim.MartechUser("ben", account="crm", login="ben@example.com")
        scim.MartechUser("cem", account=site, login="cem@example.com")
        scim.MartechUser("dan", account=crm, login="dan@example.com",
                         opts=pulumi.ResourceOptions(provider=site))
        eve = scim.MartechUser("eve", account=crm, login="eve@example.com")
        scim.Account("late", url="https://late.example", credentials=Bearer(token="env:CRM_TOKEN"),
                     opts=pulumi.ResourceOptions(depends_on=[eve]))
        scim.Account("inner", url="https://in.example", credentials=Bearer(token="env:CRM_TOKEN"),
                     opts=pulumi.ResourceOptions(provider=crm))
        scim.Account("crm", url=os.environ["CRM_URL"], credentials=Bearer(token="env:CRM_TOKEN"))
        scim.Account("Sales CRM", url=os.environ["CRM_URL"], credentials=None, timeout=-1)
        scim.Account("leads", url=os.environ["CRM_URL"], credentials=Bearer("sk-live-0001"))
        """,
    )
    text = "\n".join(errors)
    for words in (
        "MartechUser ana needs account=scim.Account(...), not None",
        "MartechUser ben needs account=scim.Account(...), not a str",
        "account site is one of wordpress; use the resources of wordpress there",
        "dan: give account=..., not another provider in opts",
        "account late depends on the MartechUser that waits for all accounts",
        "account inner: an account has no provider",
        "account crm is declared twice, at __main__.py:8 and here",
        "account Sales CRM: key is not lower-case letters",
        "account Sales CRM: credentials must be Bearer(...), Basic(...)",
        "account Sales CRM: timeout must be greater than 0",
        "Bearer(token=...): where it lies is written env:NAME, file:PATH or keyring:SERVICE/USER",
    ):
        assert text.count(words) == 1, (words, text)
    assert len(errors) == 11
    assert "sk-live-0001" not in text

    told = office.martech("doctor", code=1)
    assert "invalid" not in told.text.lower(), "nobody examines what stands for a wrong account"
    assert told.lines("crm ", "account", "ok"), told.text


def test_a_role_that_waits_for_who_holds_it_is_a_circle(office: Office) -> None:
    errors = refused_offline(
        office,
        """
        import pulumi
        crm = crm_account()
        ana = scim.MartechUser("ana", account=crm, login="ana@example.com", roles=["Editors"])
        opts = pulumi.ResourceOptions(depends_on=[ana])
        scim.Role("editors", account=crm, name="Editors", opts=opts)
        """,
    )
    assert len(errors) == 1
    assert "look for a circle in depends_on, parent and roles" in errors[0]


def test_a_user_without_an_account_argument(office: Office) -> None:
    body = 'crm_account()\nscim.MartechUser("ana", login="ana@example.com")\n'
    errors = refused_offline(office, body)
    line = office.line("scim.MartechUser").replace(":", ", line ")
    assert errors == [
        f"the program failed at stacks/{line}: MartechUser needs the argument 'account'"
    ]


def test_addresses_that_would_send_credentials_in_the_clear(office: Office) -> None:
    errors = refused_offline(
        office,
        """
        crm_account("plain", url="http://crm.example.com/scim")
        crm_account("ftp", url="ftp://crm.example.com/scim")
        crm_account("empty", url="")
        crm_account("inside", url="https://ana:hush-hush@crm.example.com/scim")
        crm_account("lookup", url="http://10.0.0.7/scim")
        crm_account("query", url="https://crm.example.com/scim?token=hush-hush")
        """,
    )
    text = "\n".join(errors)
    assert len(errors) == 6
    for key, words in {
        "plain": "sends credentials in the clear: write https",
        "ftp": "is not a URL like https://",
        "empty": "is not a URL like https://",
        "inside": "holds a user name or password",
        "query": "'https://crm.example.com/scim?***' holds a query",
        "lookup": "sends credentials in the clear: write https",
    }.items():
        assert any(f"account {key}: url" in e and words in e for e in errors), (key, text)
    assert "hush" not in text
    assert "hush" not in office.martech("stack", "export").out


def test_a_secret_where_its_reference_belongs_is_not_repeated(office: Office) -> None:
    errors = refused_offline(office, 'crm_account(credentials=Bearer(token="hush-hush"))\n')
    (error,) = errors
    assert "env:NAME, file:PATH or keyring:SERVICE/USER" in error
    assert error.startswith(f"{office.line('hush')}: ")
    said = office.refused("preview", "--json")
    assert "hush" not in error + said.out + said.err


def test_what_a_platform_cannot_do_is_said_with_what_to_do_instead(office: Office) -> None:
    errors = refused_offline(
        office,
        """
        site = site_account()
        shop = wordpress.Role("shop", account=site, name="shop_manager")
        wordpress.MartechUser("ana", account=site, login="ana", email="ana@example.com",
                              roles=[shop], on_destroy="deactivate")
        wordpress.MartechUser("ben", account=site, login="ben", email="ben@example.com",
                              on_destroy="delete")
        basic = Basic(username="admin", password="env:SITE_PASSWORD")
        heirless = wordpress.Account("blog", url="https://blog.example", credentials=basic)
        wordpress.MartechUser("cem", account=heirless, login="cem", email="cem@example.com")
        """,
    )
    assert len(errors) == 4
    role, deactivate, unknown, heir = errors
    assert role == (
        f"{office.line('wordpress.Role')}: Role shop: WordPress cannot create roles; make the role "
        f"there and declare a RoleReference"
    )
    assert "WordPress cannot deactivate users; say on_destroy='downgrade'" in deactivate
    assert "'remove' with a successor" in deactivate
    assert "none of 'remove', 'deactivate', 'downgrade' or 'retain'" in unknown
    assert "say successor='LOGIN' on it or on the Account" in heir


def test_one_tenant_is_one_account(office: Office) -> None:
    errors = refused_offline(
        office,
        """
        from pulumi_martech import gtg_crm, hubspot, sendgrid
        one = scim.Account("one", url="https://crm.example/scim/v2",
                           credentials=Bearer("env:ONE"))
        two = scim.Account("two", url="https://CRM.example:443/scim/v2/",
                           credentials=Bearer("env:TWO"))
        scim.MartechUser("ana", account=one, login="ana@example.com")
        scim.MartechUser("ana", account=two, login="ana@example.com")
        for team in ("x", "y"):
            scim.Account(team, url="https://all.example", credentials=Bearer("env:T"), tenant=team)
        for key, token, portal in (
            ("hub", "ONE", "1"), ("us", "TWO", ""), ("eu", "ONE", "2"), ("de", "THREE", "1"),
        ):
            hubspot.Account(key, url="https://api.hubapi.com", tenant=portal,
                            credentials=Bearer(f"env:{token}"))
        for key, token in (("mail", "A"), ("sub", "B"), ("copy", "A")):
            sendgrid.Account(key, url="https://api.sendgrid.com",
                             credentials=Bearer(f"env:{token}"))
        for key in ("gtg", "gtg-fr"):
            gtg_crm.Account(key, url="https://www.gtgcrm.com", operator="mia")
        """,
    )
    two, de, copy = errors
    assert two.startswith(office.line('"two"'))
    first = office.line('"one"')
    assert f"account two is the same tenant as account one at {first} (SCIM 2.0 at https:" in two
    assert two.endswith("or, if they are two tenants, tell them apart by tenant=")
    assert "account de is the same tenant as account hub at" in de
    assert "account copy is the same tenant as account mail at" in copy
    assert "tell them apart by credentials or tenant=" in copy


def test_what_cannot_be_asked_of_a_person_is_said_before_anybody_is(office: Office) -> None:
    errors = refused_offline(
        office,
        """
        from pulumi_martech import gtg_crm
        gtg = gtg_crm.Account("gtg", url="https://www.gtgcrm.com", operator="Mia M")
        gtg_crm.Role("pages", account=gtg, name="Pages", layout="article",
                     capabilities=["landing_page:publish", "contacts:view_all"])
        base = gtg_crm.Role("base", account=gtg, name="Base", layout="guide",
                            switches=["Email: Send"])
        gtg_crm.Role("more", account=gtg, name="More", layout="guide", clone_from=base,
                     capabilities=["messaging:view"])
        gtg_crm.MartechUser("ana", account=gtg, login="ana@example.com",
                            roles=["Responsable Marketing", base, "Bsae"])
        gtg_crm.MartechUser("ben", account=gtg, login="ben@example.com", on_destroy="deactivate")
        scim.Account("crm", url="https://crm.example.com", credentials=gtg.config.credentials)
        """,
    )
    operator, pages, deactivate, api, role = errors
    assert "operator='Mia M' is not our id of a person" in operator
    assert "the switch 'Landing Page: publish/unpublish' cannot be separated" in pages
    assert "no switch of layout 'article' gives contacts:view_all (there is 'Contacts: Vi" in pages
    assert "GTG CRM cannot deactivate users; say on_destroy='remove' or 'downgrade'" in deactivate
    assert "account crm: credentials must be those of an API" in api
    assert "role 'Bsae' of MartechUser ana in gtg is no default role and not declared" in role
    assert "did you mean 'Base'" in role


@pytest.mark.parametrize("kind", ["VendorGrant", "Roster"])
def test_arguments_of_people_in_maps(office: Office, kind: str) -> None:
    people = (
        '{"ana@x.example": {"roles": "Editors", "emale": "x"}, "Ana@x.example": {}, '
        '"ben@x.example": ["Editors"], "cem@": {"email": "cem@", "roles": [None]}}'
    )
    rest = {
        "VendorGrant": 'domains="x.example", until="end of June", owner="", reason="", people=',
        "Roster": 'ignore={"*@partner.example": ""}, members=',
    }[kind]
    first = '"v", ' if kind == "VendorGrant" else ""
    errors = refused_offline(
        office, f"crm = crm_account()\nscim.{kind}({first}account=crm, {rest}{people})\n"
    )
    text = "\n".join(errors)
    common = [
        "roles='Editors' is no list; write roles=['Editors']",
        "emale is not an argument; did you mean 'email'?",
        "ana@x.example is named twice, in letters that differ in case",
        "write a dictionary such as {'roles': ['...']}",
        "a role is given by its name, a Role, a RoleReference or portable(...), not by None",
        "email 'cem@' is not an e-mail address",
    ]
    own = {
        "VendorGrant": [
            "domains='x.example' is no list; write domains=['x.example']",
            "'end of June' is no date like 2027-06-30",
            "needs an owner",
            "needs a reason",
        ],
        "Roster": ["ignoring '*@partner.example' needs a reason"],
    }[kind]
    for words in common + own:
        assert text.count(words) == 1, (words, text)
    assert all(e.startswith(f"{office.line('scim.')}: ") for e in errors)
