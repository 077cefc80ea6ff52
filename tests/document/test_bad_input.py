"""Every kind of mistake: one message each, with file, line and column, and all at once."""

import time
from pathlib import Path

import pytest

from pulumi_martech.document.load import load
from pulumi_martech.document.problems import DocumentInvalid

from .office import Office


def test_unknown_keys_with_what_was_meant(office: Office) -> None:
    assert office.said("""\
        peopel: {}
        people:
          ana:
            emial: ana@fernwood.example
            mfa: [{state: yes, known: platform, on: 2026-01-01, methd: totp}]
        accounts:
          crm:
            platform: scim
            url: https://crm.fernwood.example
            credentials: {kind: bearer, tokn: env:T}
            native_roles: {editors: {name: Editors, ownd: true}}
        """) == [
        "access.yaml:1:1: 'peopel' is no key here; did you mean 'people'?",
        "access.yaml:4:5: 'emial' is no key here; did you mean 'email'?",
        "access.yaml:5:57: 'methd' is no key here; did you mean 'method'?",
        "access.yaml:10:5: lacks `token`",
        "access.yaml:10:33: 'tokn' is no key here; did you mean 'token' or 'token_url'?",
        "access.yaml:11:45: 'ownd' is no key here; did you mean 'own'?",
    ]


def test_wrong_types(office: Office) -> None:
    assert office.said("""\
        company: [fernwood.example]
        people:
          ana: [Ana, Lima]
          bo: {name: [Bo], status: gone, aliases: bo@example.com}
          chi: {kind: employe, mfa: {state: yes}}
        teams: brand
        accounts:
          crm: {platform: scim, breaker: many, timeout: 0}
          site: {platform: wordpress, adopt: perhaps, credentials: env:TOKEN}
        grants: {who: ana}
        vendors:
          northlight: {domains: northlight.example, until: 2027-01-01, owner: chi}
        """) == [
        "access.yaml:1:10: `company` must be a map of `key: value`",
        "access.yaml:3:3: must be a map of `key: value`",
        "access.yaml:4:14: must be text",
        "access.yaml:4:28: must be 'active', 'leave' or 'leaver'",
        "access.yaml:4:43: must be a list, such as [a, b]",
        "access.yaml:5:15: must be 'employee', 'external', 'service' or 'shared'; "
        "did you mean 'employee'?",
        "access.yaml:5:29: must be a list, such as [a, b]",
        "access.yaml:6:8: `teams` must be a map of `key: value`",
        "access.yaml:8:34: must be a whole number",
        "access.yaml:8:49: must be greater than 0",
        "access.yaml:9:38: must be true or false",
        'access.yaml:9:60: must say how to log in, such as {kind: bearer, token: "env:CRM_TOKEN"}',
        "access.yaml:10:9: `grants` must be a list of entries",
        "access.yaml:12:3: lacks `why`",
        "access.yaml:12:25: must be a list, such as [a, b]",
    ]


@pytest.mark.parametrize("value", ["[gone]", "{gone: x}", ""])
def test_something_else_than_one_of_a_few_words(office: Office, value: str) -> None:
    said = office.said(f"people:\n  ana:\n    status: {value}\n")
    assert "access.yaml:3:13: must be 'active', 'leave' or 'leaver'" in said or not value
    assert said and all(line.startswith("access.yaml:3:") for line in said)


def test_a_secret_where_its_reference_belongs_is_not_repeated(office: Office) -> None:
    said = office.said("""\
        accounts:
          crm:
            platform: scim
            url: https://crm.fernwood.example
            credentials: {kind: bearer, token: hush-hush}
            breaker: many
        """)
    assert len(said) == 2
    assert said[0].startswith("access.yaml:5:18: where it lies is written env:NAME")
    assert said[1] == "access.yaml:6:14: must be a whole number"
    assert "hush" not in "".join(said)


def test_duplicate_keys_and_ids(office: Office) -> None:
    office.write("people: {bo: {}}\n", "people/more.yaml")
    said = office.said("""\
        include: [people/*.yaml]
        people:
          ana: {name: Ana, name: Anna}
          bo: {}
          ana: {}
        vendors:
          northlight:
            domains: [northlight.example]
            until: 2027-01-01
            owner: ana
            why: campaigns
            people: {bo: {}}
        grants:
          - {who: ana, role: viewer, account: crm}
          - {who: ana, role: viewer, account: crm, why: once more}
        accounts: {crm: {platform: scim}}
        """)
    assert said == [
        "access.yaml:3:20: 'name' is said twice here: take one away",
        "access.yaml:5:3: 'ana' is said twice here: take one away",
        "access.yaml:12:14: bo is declared twice, in people and here",
        "access.yaml:15:5: ana/crm/viewer is granted twice: take one away, or change its assets",
        "people/more.yaml:1:10: bo is declared twice, at access.yaml:4:3 and here",
    ]


def test_names_that_name_nothing(office: Office) -> None:
    said = office.said("""\
        people:
          ana: {team: brnd, manager: bo, logins: {crn: ana}, attributes: {crm: {}}}
          ben: {}
        teams: {brand: {lead: anna, parent: marketing}}
        accounts:
          crm:
            platform: scim
            owner: benn
            owner_of_record: northligt
            roles: {marketr: [Editors]}
            role_content:
              X: {content: [contacts:exprt], by: x, on: 2026-01-01}
        assets: {shop: {account: cmr, kind: property}, list: {account: crm, kind: list}}
        roles: {lead: {inherits: [markter], add: [email:snd]}}
        vendors:
          northlight: {domains: [northlight.example], until: 2027-01-01, owner: ana, why: ads}
        partners: {a: {kind: reseller, parent: b, competitors: [c]}}
        clients: {acme: {competitors: [amce]}}
        rules: {r: {roles: [reseler], assets: [sohp]}}
        waivers: {w: {policy: x, about: [anaa], owner: bob, why: x, until: 2027-01-01}}
        grants:
          - {who: an, role: viewr, account: crmm, assets: [lst, shop], asked_by: zoe}
          - {team: sales, role: viewer, account: crm, assets: [shop]}
        """)
    wanted = {
        "2:15": "no team 'brnd'; did you mean 'brand'?",
        "2:30": "no person 'bo'; add it, or take the name away",
        "2:43": "no account or platform 'crn'; did you mean 'crm'",
        "4:23": "no person 'anna'; did you mean 'ana'?",
        "4:37": "no team 'marketing'",
        "8:12": "no person 'benn'; did you mean 'ben'?",
        "9:22": "no company or person (ours is 'us') 'northligt'; did you mean 'northlight'?",
        "10:13": "no role 'marketr'; did you mean 'marketer'",
        "12:7": "names 'contacts:exprt', and there is no such capability; did you mean "
        "'contacts:export'",
        "12:42": "no person 'x'",
        "13:26": "no account 'cmr'; did you mean 'crm'?",
        "14:27": "no role 'markter'; did you mean 'marketer'",
        "14:43": "no capability 'email:snd'; did you mean 'email:send'",
        "17:40": "no partner 'b'",
        "17:57": "no partner or client 'c'",
        "18:32": "no partner or client 'amce'; did you mean 'acme'?",
        "19:21": "no role 'reseler'; did you mean 'reseller'",
        "19:40": "no asset 'sohp'; did you mean 'shop'?",
        "20:34": "no person, account, company, asset or team 'anaa'; did you mean 'ana'",
        "20:48": "no person 'bob'",
        "22:11": "no person 'an'; did you mean 'ana'",
        "22:21": "no role 'viewr'; did you mean 'viewer'",
        "22:37": "no account 'crmm'; did you mean 'crm'?",
        "22:52": "no asset 'lst'; did you mean 'list'?",
        "22:57": "asset 'shop' is in cmr, not in crmm",
        "22:74": "no person 'zoe'",
        "23:12": "no team 'sales'",
        "23:56": "asset 'shop' is in cmr, not in crm",
    }
    found = {line.split(": ")[0].removeprefix("access.yaml:"): line for line in said}
    assert found.keys() == wanted.keys()
    for place, words in wanted.items():
        assert words in found[place], found[place]


def test_circles_are_told_once_with_the_whole_way_round(office: Office) -> None:
    said = office.said("""\
        people: {ana: {manager: bo}, bo: {manager: chi}, chi: {manager: ana}, dee: {manager: ana}}
        teams: {a: {parent: a}, b: {parent: c}, c: {}}
        partners: {x: {kind: distributor, parent: y}, y: {kind: distributor, parent: x}}
        roles:
          lead: {inherits: [marketer, chief]}
          chief: {inherits: [viewer, lead]}
          base: {inherits: [viewer]}
          left: {inherits: [base]}
          right: {inherits: [base]}
          both: {inherits: [left, right]}
        """)
    assert [line.split(": goes round in a circle: ")[1] for line in said] == [
        "ana -> bo -> chi -> ana",
        "a -> a",
        "x -> y -> x",
        "chief -> lead -> chief",
    ]
    assert said[0].startswith("access.yaml:1:")
    assert said[3].startswith(("access.yaml:5:", "access.yaml:6:"))


def test_a_chain_of_ten_thousand_is_no_circle(office: Office) -> None:
    lines = [f"  p{n}: {{manager: p{n + 1}}}" for n in range(10_000)]
    assert office.said("\n".join(["people:", *lines, "  p10000: {}", ""])) == []


def test_days_that_cannot_be(office: Office) -> None:
    said = office.said("""\
        people: {ana: {starts: 2027-05-01, until: 2027-04-30}, bo: {starts: 2027-02-30}}
        accounts: {crm: {platform: scim}}
        partners: {p: {kind: reseller, agreement: {signed: 2027-02-01, until: 2027-01-01}}}
        grants:
          - {who: ana, role: viewer, account: crm, starts: 2027-06-02, until: 2027-06-01}
          - {who: ana, role: analyst, account: crm, until: 2027-13-01}
          - {who: ana, role: marketer, account: crm, until: 2027-06-01T12:00}
          - {who: ana, role: reseller, account: crm, until: 2027-06-01 Europe/Berlin}
          - {who: ana, role: distributor, account: crm, until: 2027-06-01T23:00:00-05:00}
          - {who: ana, role: administrator, account: crm, until: end of June}
          - {who: ana, role: partner-support, account: crm, starts: 2027-06-01T10:00:00Z}
          - {who: ana, role: partner-marketer, account: crm, until: }
          - {who: bo, role: viewer, account: crm, until: 9999-12-31T23:59:59-05:00}
          - {who: b, role: analyst, account: crm, starts: 0001-01-01, until: 2027-06-01T12:00+25:00}
          - {who: bo, role: marketer, account: crm, until: \uff12027-06-01}
        """)
    day = "must be a day such as 2027-06-30"
    moment = f"{day}, or an instant such as 2027-06-30T18:00:00Z"
    assert said == [
        "access.yaml:1:43: ends on 2027-04-30, before it starts on 2027-05-01",
        "access.yaml:1:69: is a day that does not exist: day is out of range for month",
        "access.yaml:3:71: ends on 2027-01-01, before it was signed on 2027-02-01",
        "access.yaml:5:71: ends on 2027-06-01, before it starts on 2027-06-02",
        "access.yaml:6:52: is a day that does not exist: month must be in 1..12",
        "access.yaml:7:53: is an instant without a time zone; write it in UTC, such as "
        "2027-06-30T18:00:00Z",
        "access.yaml:8:53: names the time zone Europe/Berlin; write the instant in UTC, with a Z, "
        "such as 2027-06-30T18:00:00Z",
        f"access.yaml:10:58: {moment}",
        f"access.yaml:11:61: {day}",
        "access.yaml:12:61: says nothing: write a value, [] or {} for none, or take the line away",
        "access.yaml:13:50: is in the year 9999: where there is no such day, leave it out",
        "access.yaml:14:51: is in the year 1: where there is no such day, leave it out",
        "access.yaml:14:70: is no instant: its time zone is more than a day",
        f"access.yaml:15:52: {moment}",
    ]


def test_a_grant_to_a_leaver_is_told_and_stops_nothing(office: Office) -> None:
    document = office.read("""\
        people: {ana: {status: leaver}}
        accounts: {crm: {platform: scim}}
        grants: [{who: ana, role: viewer, account: crm}]
        """)
    assert [str(p) for p in document.problems] == [
        "access.yaml:3:16: ana is a leaver, so this gives nothing: take it away"
    ]
    assert document.ok


def test_domains_that_belong_to_two_or_look_like_others(office: Office) -> None:
    said = office.said("""\
        company: {domains: [fernwood.example, no domain]}
        people:
          ana: {email: ana@fernwood.example}
          bo: {email: bo@fernvvood.example}
          chi: {email: chi@mail.northlight.example}
          dee: {email: dee@fernw\u043eod.example}
          eli: {email: eli@}
        vendors:
          northlight:
            {domains: [northlight.example, fernwood.example], until: 2027-01-01, owner: ana, why: x}
          southlight:
            domains: [northlight.example, eu.fernwood.example]
            until: 2027-01-01
            owner: ana
            why: x
        """)
    assert [line.split(": ", 1)[0].removeprefix("access.yaml:") for line in said] == [
        "1:39", "4:15", "5:16", "6:16", "6:16", "7:16", "10:36", "12:15", "12:35",
    ]  # fmt: skip
    text = "\n".join(said)
    for words in (
        "is no mail domain",
        "the mail domain fernvvood.example looks like fernwood.example: correct it",
        "mail.northlight.example is northlight's: list chi under vendors, northlight, people",
        "mixes letters of Cyrillic and Latin",
        "is not an e-mail address",
        "fernwood.example is ours: everybody there would be taken for northlight's",
        "northlight.example is northlight's already",
        "eu.fernwood.example is part of ours, with fernwood.example",
    ):
        assert text.count(words) == 1, (words, said)


def test_two_people_with_one_login(office: Office) -> None:
    said = office.said("""\
        people:
          ana: {email: ana@fernwood.example, logins: {site: lima}}
          bo: {email: Ana@Fernwood.example}
          chi: {email: chi@fernwood.example, aliases: [ana@fernwood.example]}
          dee: {logins: {site: Lima, shop: lima, crm: chi@fernwood.example}}
          eli: {aliases: [eli@x.example; e@x.example, "e\u200bli"]}
        accounts: {site: {platform: wordpress}, shop: {platform: wordpress}, crm: {platform: scim}}
        """)
    assert [(line.split(" ")[0], line.split(" ", 1)[1].split(":")[0]) for line in said] == [
        ("access.yaml:3:15:", "ana@fernwood.example is ana's login and bo's"),
        ("access.yaml:4:48:", "ana@fernwood.example is ana's login and chi's"),
        ("access.yaml:5:24:", "lima is ana's login on site and dee's"),
        ("access.yaml:5:47:", "chi@fernwood.example is chi's login and dee's"),
        ("access.yaml:6:19:", "is not an e-mail address"),
        ("access.yaml:6:47:", "contains the invisible character U+200B (zero width space)"),
    ]


def test_bombs_and_loops_of_anchors(office: Office) -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{b}: &{b} [*{a}, *{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    said = office.said(bomb)
    assert "access.yaml:1:4: &a: anchors are not used; write it out" in said
    assert "access.yaml:2:8: *a: aliases are not used; write it out" in said
    said = office.said("people: &everybody\n  ana: *everybody\n  <<: *everybody\n")
    assert said == [
        "access.yaml:1:9: &everybody: anchors are not used; write it out",
        "access.yaml:2:8: *everybody: aliases are not used; write it out",
        "access.yaml:3:3: '<<' is no key: use lower-case letters, digits, '.', '_' and '-', at "
        "most 64, a letter or digit first",
        "access.yaml:3:7: *everybody: aliases are not used; write it out",
    ]


def test_tags_depth_and_second_documents(office: Office) -> None:
    assert office.said("people: {ana: {name: !!python/name:os.system x}}\n") == [
        "access.yaml:1:22: 'tag:yaml.org,2002:python/name:os.system': tags (!...) are not used"
    ]
    assert office.said("people: " + "[" * 100_000) == [
        "access.yaml:1:24: is nested more than 16 levels deep"
    ]
    assert office.said("people: {}\n---\npeople: {ana: {}}\n") == [
        "access.yaml:2:1: a second document begins here: use one file for each"
    ]
    assert office.said("- ana\n- bo\n") == [
        "access.yaml:1:1: is a list: write sections such as `people:`"
    ]
    assert office.said("just text\n") == [
        "access.yaml:1:1: is no map: write sections such as `people:`"
    ]
    assert office.said("people: {[a, b]: {}}\n") == [
        "access.yaml:1:10: a key is text, not a list or a map"
    ]
    assert office.said("") == []


def test_what_is_wrong_a_thousand_times_takes_no_time_for_each(office: Office) -> None:
    begun = time.process_time()
    lines = [f"p{n}: {{email: p{n}@x.example}}" for n in range(2_000)]
    assert len(office.said("\n".join([*lines, ""]))) == 2_000, "as where `people:` was forgotten"
    said = office.said(f"include: [{', '.join(['{a: b}'] * 2_000)}]\n")
    assert len(said) == 2_000
    said = office.said("people: [" + "*a, " * 100_000)
    assert len(said) == 1_001
    assert said[-1].endswith("has too many mistakes to go on from here: mend those before it")
    assert time.process_time() - begun < 10


def test_fifty_megabytes_are_refused_by_their_size(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    with office.file.open("wb") as file:
        file.truncate(50_000_000)  # sparse: nothing of it is written or read
    (said,) = office.said()
    assert said.startswith("access.yaml:1:1: has 50 MB, and 32 MB are left of what a document may")
    assert "it was not read" in said and "MARTECH_DOCUMENT_LIMIT" in said
    office.write("#" * 1_500_000)
    monkeypatch.setenv("MARTECH_DOCUMENT_LIMIT", "1")
    assert "has 2 MB, and 1 MB are left" in office.said()[0]
    monkeypatch.setenv("MARTECH_DOCUMENT_LIMIT", "2")
    assert office.said() == []


def test_tabs_are_all_named(office: Office) -> None:
    assert office.said("people:\n\tana: {}\n  bo:\n  \tname: Bo\n") == [
        "access.yaml:2:1: indented with a tab: use spaces",
        "access.yaml:4:3: indented with a tab: use spaces",
    ]


def test_windows_line_ends_and_byte_order_marks_are_told_and_read(office: Office) -> None:
    document = office.read(b"\xef\xbb\xbfpeople:\r\n  ana: {name: Ana}\r\n")
    assert [p.severity for p in document.problems] == ["warning", "warning"]
    said = [str(problem) for problem in document.problems]
    assert said[0].startswith("access.yaml:1:1: begins with a byte-order mark")
    assert said[1].startswith("access.yaml:1:8: lines end as on Windows")
    assert document.ok and document.access.people["ana"].name == "Ana"


def test_other_encodings_and_characters_that_deceive(office: Office) -> None:
    assert office.said("people: {}".encode("utf-16")) == [
        "access.yaml:1:1: is written in UTF-16: save it as UTF-8"
    ]
    assert office.said(b"people:\n  ana: {name: In\xeas}\n") == [
        "access.yaml:2:17: is not UTF-8 from here on: save it as UTF-8"
    ]
    assert office.said("people: {} # \u202e}{\n") == [
        "access.yaml:1:14: contains the character U+202E, which reorders the text around it: "
        "take it out"
    ]
    assert office.said("people: {}".encode("utf-32")) == [
        "access.yaml:1:1: is written in UTF-32: save it as UTF-8"
    ]
    assert office.said("people: {}".encode("utf-16-le")) == [
        "access.yaml:1:2: is no text from here on: save it as UTF-8"
    ]
    ends = "which ends a line for some and not for others: take it out"
    assert office.said("people: {ana: {job: a\u2028b}}\nteam: {} # \x85\n") == [
        f"access.yaml:1:22: contains the character U+2028, {ends}",
        "access.yaml:2:1: 'team' is no key here; did you mean 'teams'?",
        f"access.yaml:2:12: contains the character U+0085, {ends}",
    ]
    assert office.said("people: {ana: {name: \x07}}\n") == [
        "access.yaml:1:22: contains the character U+0007, which cannot be seen: take it out"
    ]
    assert office.said('people: {ana: {job: "a\\x07b"}}\n') == [
        "access.yaml:1:21: contains the character U+0007, which cannot be seen: take it out"
    ]


def test_formulas_that_a_spreadsheet_would_run(office: Office) -> None:
    said = office.said("""\
        people:
          ana: {name: '=HYPERLINK("http://example.net")'}
          bo: {name: "+1 (555) 0100", job: "@SUM(1+1)"}
          chi: {name: -}
        accounts: {crm: {platform: scim}}
        grants:
          - {who: ana, role: viewer, account: crm, why: "=1+1"}
          - {who: bo, role: viewer, account: crm, why: "- asked by Ana"}
        """)
    assert [line.split(": ")[0].removeprefix("access.yaml:") for line in said] == [
        "2:15", "3:14", "3:36", "7:49",
    ]  # fmt: skip
    assert all("begins like a formula, which a spreadsheet would run" in line for line in said)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("people: {ana: {name: Ana}\n", "1:9: a list or map in brackets is not closed"),
        ("people:\n  ana: 'Ana\n", "a quote is not closed"),
        (
            "people:\n  ana:\n   name: A\n  bo: {}\n x: y\n",
            "5:2: the indentation, or a bracket, does not fit the lines above it",
        ),
        ("people:\n  ana: name: Ana\n", "2:12: there is a ':' where none can be"),
        ("people:\n  ana\n  bo: {}\n", "3:5: there is a ':' where none can be"),
        ("people: @ana\n", "1:9: a value cannot begin like this: put it in quotes"),
        ('people: {"a\\qb": {}}\n', "1:12: there is no such escape"),
        ("a: !x!y z\n", "1:4: tags (!...) are not used"),
        ("teams: {a: , b: {}, }}\n", "1:22: the indentation, or a bracket, does not fit"),
        ("{teams: {}}\na: b\n", "2:1: does not belong to what is above it"),
        ("teams: {a:,b: c}\n", "there is a ':' where none can be"),
        ("teams: [,]\n", "1:9: there is no value where one must be"),
        ("teams: {a:b: {}}\n", "1:9: 'a:b' is no key"),
        ("people:\n  ana:\n    email:a@b.example\n", "2:3: must be a map of `key: value`; a space"),
        ("teams: - a\n", "1:8: there is a '-' where none can be"),
        ("teams: ? a\n", "1:8: there is a '?' where none can be"),
        ("%x\nteams: {}\n", "1:3: lines that begin with % are not used"),
        ('teams: {a: {name: "\\ud800"}}\n', "there is no such character"),
        ("teams: {a: {name: | x}}\n", "a value cannot begin like this"),
        ("teams:\n  a: | x\n", "what follows | or > is a line of text that is indented"),
        ("teams: *\n", "aliases (*...) are not used"),
        ('teams: {}\n"\n', "2:1: a quote is not closed"),
    ],
)
def test_what_is_no_yaml(office: Office, text: str, words: str) -> None:
    (said,) = office.said(text)
    assert words in said


def test_a_file_that_is_broken_hides_no_problem_of_the_others_and_makes_none_up(
    office: Office,
) -> None:
    office.write("people: {ana: {name: Ana}\n", "people/a.yaml")
    office.write("people: {bo: {naem: Bo}}\n", "people/b.yaml")
    said = office.said("""\
        include: [people/*.yaml]
        accounts: {crm: {platform: scim}}
        grants: [{who: ana, role: viewer, account: crm, untl: 2027-01-01}]
        """)
    assert [line.split(": ", 1)[0] for line in said] == [
        "access.yaml:3:49",
        "people/a.yaml:1:9",
        "people/b.yaml:1:15",
    ]


def test_keys_that_could_be_no_part_of_a_name(office: Office) -> None:
    said = office.said("""\
        people: {Ana: {}, "ana@fernwood.example": {}, ../x: {}}
        accounts: {CRM: {platform: scim}, my_crm: {platform: scim}}
        """)
    assert len(said) == 5
    assert all("is no key: use lower-case letters" in line for line in said)


def test_an_error_says_the_first_and_holds_them_all(office: Office) -> None:
    office.write("people: {ana: {team: a, manager: b, owner: c, status: d}}\n")
    with pytest.raises(DocumentInvalid) as caught:
        load(office.file)
    assert len(caught.value.problems) == 1
    office.write("people: {ana: {team: a, manager: b, owner: c}, bo: {team: a}}\n")
    with pytest.raises(DocumentInvalid) as caught:
        load(office.file)
    assert len(caught.value.problems) == 4
    assert str(caught.value).startswith("read access.yaml: 4 problems: access.yaml:1:22: there is")
    assert str(caught.value).endswith("; and 1 more; nothing was done")
    assert caught.value.brief == "read access.yaml: 4 problems; nothing was done"


def test_files_that_are_not_there(office: Office, tmp_path: Path) -> None:
    said = office.said()
    assert said == ["access.yaml:1:1: cannot be read: no such file or directory"]
    said = office.said("""\
        include:
          - peple/*.yaml
          - env:NO_SUCH_VARIABLE
          - {path: x}
          - people.yaml
        grants: [{who: ana, role: viewer, account: crm}]
        """)
    assert said == [
        "access.yaml:2:5: 'peple/*.yaml' names no file",
        "access.yaml:3:5: the environment variable NO_SUCH_VARIABLE is not set: set it to the path",
        "access.yaml:4:5: must be a path, or {file: PATH, key: env:NAME}",
        "access.yaml:5:5: 'people.yaml' names no file",
    ]
    office.write("include: [other.yaml]\n", "people.yaml")
    assert office.said("include: [people.yaml]\n") == [
        "people.yaml:1:1: say `include` in access.yaml only"
    ]


def test_files_in_a_circle_twice_and_as_links(office: Office) -> None:
    office.write("people: {ana: {}}\n", "d/people.yaml")
    office.write("people: {ghost: {}}\n", ".hidden/people.yaml")
    (office.folder / "same.yaml").symlink_to("d/people.yaml")
    for name in ("e", "f"):  # each leads back to all of it
        (office.folder / "d" / name).symlink_to("..")
    document = office.read("""\
        include: [d/people.yaml, ./d/../d/people.yaml, same.yaml, "**/*.yaml", "**", access.yaml]
        teams: {}
        """)
    assert document.problems == [] and list(document.access.people) == ["ana"]
    (office.folder / "round.yaml").symlink_to("round.yaml")
    assert office.said("include: [round.yaml, d, ~nobody/x.yaml, 'env:']\n") == [
        "access.yaml:1:26: '~nobody/x.yaml' names no file",
        "access.yaml:1:42: names no variable: write env:NAME",
        "d:1:1: is not a file",
        "round.yaml:1:1: cannot be read: too many levels of symbolic links",
    ]


def test_nothing_is_taken_in_from_outside_of_the_repository_but_by_a_variable(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = Office(tmp_path / "repository" / "stacks")
    office.write("people: {ana: {}}\n", "outside.yaml")
    inside.write("people: {bo: {}}\n", "../people/[old].yaml")
    (tmp_path / "repository" / ".git").mkdir()
    (tmp_path / "repository" / "link.yaml").symlink_to("../outside.yaml")
    assert inside.read("include: ['../people/*.yaml', '../people/[old].yaml']\n").ok
    said = inside.said("include: ['../../*.yaml', ../link.yaml, /etc/hostname]\n")
    assert [line.split(": ")[0] for line in said] == [
        f"access.yaml:1:{column}" for column in (11, 27, 41)
    ]
    assert all("lies outside of the repository: name it by a variable, env:" in s for s in said)
    monkeypatch.setenv("PEOPLE_FILES", str(tmp_path / "*.yaml"))
    document = inside.read("include: ['env:PEOPLE_FILES']\n")
    assert document.ok and list(document.access.people) == ["ana"]
