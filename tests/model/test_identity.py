"""What may be written as a login, an address, a name or a URL."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pulumi_martech.model.identity import (
    check_email,
    check_login,
    check_name,
    check_url,
    is_loopback,
    look_alike,
    near,
    normal_url,
    same_but_case,
    shown_url,
)

KNOWN = ("example.com", "paypal.example", "mail.example")


@pytest.mark.parametrize(
    "email",
    [
        "ana@example.com",
        "Ana.Lopez+crm@Example.COM",
        "o'brien@example.org",
        "ana@crm.test",
        "ana@münchen.example",
        "ana@пример.рф",
        "ana@日本カナひら.example",
        "ana@xn--e1afmkfd.xn--p1ai",
        "анна@пример.рф",
        "müller@example.com",
    ],
)
def test_addresses_that_are_meant_as_they_are_written(email):
    assert check_email(email, KNOWN) == []


@pytest.mark.parametrize(
    ("email", "said"),
    [
        ("", "is empty"),
        ("   ", "is empty"),
        ("ana", "not an e-mail address"),
        ("ana@", "not an e-mail address"),
        ("@example.com", "not an e-mail address"),
        ("ana@localhost", "not an e-mail address"),
        ("a..b@example.com", "two periods"),
        ("ana@@example.com", "not an e-mail address"),
        ("Ana <ana@example.com>", "angle brackets"),
        ("ana@[127.0.0.1]", "not an e-mail address"),
        ("a" * 245 + "@example.com", "has 257 characters, more than 254"),
        (" ana@example.com", "begins or ends with a space"),
        ("ana\n@example.com", "control character U+000A"),
        ("an\u202ea@example.com", "U+202E (right-to-left override)"),
        ("an\u200ba@example.com", "invisible character U+200B"),
        ("an\u00ada@example.com", "invisible character U+00AD"),
        ("ana😀@example.com", "emoji or symbol U+1F600"),
        ("anae\u0301@example.com", "composed form"),
        ("\u0430na@example.com", "mixes letters of Cyrillic and Latin"),
        ("ana@ex\u0430mple.org", "mixes letters of Cyrillic and Latin"),
        ("ana@\u0430\u0440\u0440\u04cf\u0435.com", "looks like it"),
        ("ana@xn--80ak6aa92e.com", "looks like it"),
        ("ana@\u0435xample.com", "looks like example.com"),
        ("ana@examp1e.com", "looks like example.com"),
        ("ana@exarnple.com", "looks like example.com"),
        ("ana@éxample.com", "looks like example.com"),
        ("ana@paypai.example", "looks like paypal.example"),
    ],
)
def test_addresses_that_are_refused_and_why(email, said):
    problems = check_email(email, KNOWN)
    assert len(problems) == 1 and said in problems[0]


def test_all_that_is_wrong_is_said_at_once():
    problems = check_login("\u202eana\n😀 ", "username")
    assert len(problems) == 4


@pytest.mark.parametrize("login", ["ana", "Ana Lopez", "ana.lopez-1_x", "анна", "山田", "a"])
def test_user_names_may_be_of_any_script(login):
    assert check_login(login, "username") == []
    assert check_login(login, "any") == []


@pytest.mark.parametrize(
    ("login", "said"),
    [
        ("x" * 300, "has 300 characters, more than 255"),
        ("😀", "emoji"),
        ("ana❤", "emoji"),
        ("\u0430na", "mixes letters"),
        ("ana\u200d", "invisible"),
        ("ana ", "space"),
    ],
)
def test_user_names_that_are_refused(login, said):
    (problem,) = check_login(login, "username")
    assert said in problem


def test_a_login_of_any_shape_that_is_an_address_is_checked_for_its_domain():
    assert check_login("ana@example.com", "any", KNOWN) == []
    assert "looks like example.com" in check_login("ana@examp1e.com", "any", KNOWN)[0]
    assert check_login("ana", "email") == [
        "is not an e-mail address: an email address must have an @-sign"
    ]


@pytest.mark.parametrize(
    "name",
    [
        "Ana",
        "Zoë Ångström-O'Neill",
        "José e\u0301",
        "محمد بن سلمان",
        "דנה\u200f (Dana)",
        "नी\u200dरा",
        "山田 太郎",
        "Ana 🎉",
        "👩\u200d💻 Ana",
        "x" * 255,
    ],
)
def test_names_of_people_may_be_as_people_write_them(name):
    assert check_name(name) == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "is empty"),
        ("x" * 300, "has 300 characters, more than 255"),
        ("Ana\nLopez", "control character U+000A"),
        ("Ana\x00", "control character U+0000"),
        ("Ana\u202eadmin", "reorders the text around it"),
        ("Ana\u2067admin", "reorders the text around it"),
        ("An\u200ba", "invisible character U+200B"),
        ("An\ufeffa", "invisible character U+FEFF"),
        (" Ana", "begins or ends with a space"),
        ("Ana\u00a0", "begins or ends with a space"),
        ("Ana\ud800", "control character U+D800"),
    ],
)
def test_names_that_are_refused_and_why(name, said):
    (problem,) = check_name(name)
    assert said in problem


@given(st.text())
@example("@A\U00012544")  # a character that this Python does not know
def test_no_text_whatever_makes_a_check_fail(text):
    for problems in (
        check_email(text, KNOWN),
        check_login(text, "username"),
        check_login(text, "any", KNOWN),
        check_name(text),
        check_url(text),
    ):
        assert all(isinstance(problem, str) and problem.isprintable() for problem in problems)


@given(st.text())
def test_what_passes_holds_nothing_that_cannot_be_seen(text):
    if not check_login(text, "username"):
        assert not {unicodedata.category(char) for char in text} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
        assert text == text.strip() != "" and len(text) <= 255


@given(st.from_regex(r"[a-z]{1,10}(\.[a-z]{1,8})?", fullmatch=True))
def test_ordinary_logins_pass(word):
    assert check_login(word, "username") == []
    assert check_email(f"{word}@example.com", KNOWN) == []


def test_a_domain_that_is_known_is_never_a_look_alike():
    assert look_alike("example.com", KNOWN) is None
    assert look_alike("EXAMPLE.com.", KNOWN) is None
    assert look_alike("mall.example", KNOWN) == "mail.example"
    assert look_alike("mall.example", (*KNOWN, "mall.example")) is None
    assert look_alike("another.org", KNOWN) is None
    assert look_alike("bücher.example", ["xn--bcher-kva.example"]) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://crm.example.com",
        "https://crm.example.com:8443/scim/v2/",
        "http://localhost:8080/x",
        "http://sandbox.localhost/x",
        "http://127.0.0.1:1/wp-json",
        "http://127.9.9.9",
        "http://[::1]:9",
    ],
)
def test_urls_that_are_fine(url):
    assert check_url(url) == []


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://crm.example.com", "in the clear"),
        ("http://127.0.0.1.evil.example", "in the clear"),
        ("http://localhost.evil.example", "in the clear"),
        ("http://[::2]", "in the clear"),
        ("https://ana:pw@crm.example.com", "user name or password"),
        ("https://ana@crm.example.com", "user name or password"),
        ("https://crm.example.com/#top", "fragment"),
        ("https://crm.example.com/#", "fragment"),
        ("https://crm.example.com/?a=b", "query"),
        ("ftp://crm.example.com", "not a URL like"),
        ("crm.example.com", "not a URL like"),
        ("https://", "not a URL like"),
        ("", "not a URL like"),
        ("https://crm.example.com:99999", "port"),
        ("https://crm.example.com:x", "port"),
        ("https://[::1", "not a URL"),
        ("https://crm example.com", "space"),
        ("https://crm.example.com\n", "space or an invisible"),
    ],
)
def test_urls_that_are_refused_and_why(url, said):
    (problem,) = check_url(url)
    assert said in problem


def test_one_address_is_told_however_it_is_written():
    for url in ("https://crm.example/scim/v2", "https://CRM.example.:443/scim/v2//"):
        assert normal_url(url) == "https://crm.example/scim/v2"
    assert normal_url("https://crm.example:8443/") == "https://crm.example:8443"
    assert normal_url("https://crm.example/A") != normal_url("https://crm.example/a")


def test_a_password_in_a_url_is_not_repeated():
    assert "hunter2" not in " ".join(check_url("http://ana:hunter2@crm.example.com/#x"))


def test_loopback_is_told_without_asking_anybody():
    assert is_loopback("127.0.0.1") and is_loopback("localhost") and is_loopback("::1")
    assert not is_loopback("0.0.0.0") and not is_loopback("10.0.0.1")


def test_logins_that_differ_only_in_case_are_found():
    logins = ["ana@x.test", "Ana@x.test", "ben", "ANA@X.test", "strasse", "straße", "ana@x.test"]
    assert same_but_case(logins) == [
        ("ana@x.test", "Ana@x.test", "ANA@X.test"),
        ("strasse", "straße"),
    ]
    assert same_but_case(["a", "b", "a"]) == []


def test_near_matches_are_offered_as_they_are_written():
    roles = ["Editors", "Administrators", "Authors"]
    assert near("editor", roles) == "did you mean 'Editors'?"
    assert near("EDITORS", roles) == "did you mean 'Editors'?"
    assert near("Auditors", roles, n=2) == "did you mean 'Editors' or 'Authors'?"
    assert near("Owner of everything", roles) == ""
    assert near("x", []) == ""


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://crm.example/scim/v2", "https://crm.example/scim/v2"),
        ("https://crm.example/v2?token=hush#hush", "https://crm.example/v2?***"),
        ("https://crm.example/v2#hush", "https://crm.example/v2#***"),
        ("https://ana:hush/hu@sh@crm.example/v2", "https://***@crm.example/v2"),
        ("https://ana:hu?sh@crm.example/v2", "https://***"),
        ("https://crm.example/?a=b@c&d=hush", "https://***"),
        ("ana:hush@crm.example", "***@crm.example"),
        ("https://crm.example/" + "x" * 200, "https://crm.example/" + "x" * 60),
    ],
)
def test_a_url_is_shown_without_what_may_be_a_secret(url, shown):
    assert shown_url(url) == shown
