"""Whether a login, an e-mail address, a name or a URL can be meant as it is written.

Pure checks for the time of compiling: nothing is looked up. Each returns problems in words, all of
them, to be put behind the place where the value stands; an empty list means that all is well.

What is refused where:

* In **logins and e-mail addresses** everything that two readers could take for different things:
  control characters, characters without a shape, marks of writing direction, emoji, letters of
  different scripts in one word, space at the ends, domains that look like another.
* In **names of people** only what cannot be part of a name: control characters, embedded
  directions (they reorder what stands around the name in a diff), characters without a shape
  other than joiners, space at the ends, more than 255 characters. Any script, right-to-left
  letters, accents and emoji are fine.
"""

import difflib
import ipaddress
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Literal, TypeVar
from urllib.parse import urlsplit

import idna
from email_validator import EmailNotValidError, validate_email

Holder = TypeVar("Holder")

LONGEST_EMAIL = 254
"""Characters in an address (RFC 5321 with its erratum 1690)."""

LONGEST = 255
"""Characters in a login or a name; platforms may allow fewer."""

_ONE_WRITING = (
    {"LATIN", "HAN", "HIRAGANA", "KATAKANA"},
    {"LATIN", "HAN", "HANGUL"},
    {"LATIN", "HAN", "BOPOMOFO"},
)
"""Scripts that are written together (Unicode TR 39, highly restrictive)."""

_EMBEDDED = {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}
_FINE_IN_NAMES = {0x200C, 0x200D, 0x200E, 0x200F, 0x061C, *range(0xE0020, 0xE0080)}
_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\U0001fb00-\U0001fbff\u2600-\u27bf\u2b00-\u2bff\u20e3\ufe0f"
    "\u231a\u231b\u23e9-\u23fa\u25fd\u25fe\u3030\u303d\u3297\u3299]"
)


def check_login(
    login: str,
    shape: Literal["email", "username", "any"],
    known_domains: Collection[str] = (),
) -> list[str]:
    """Return what is wrong with a login of the shape that the platform's manifest names.

    ``known_domains`` are those that others must not be made to look like. A login of shape
    ``any`` that holds an ``@`` is checked for look-alikes but need not be an address.
    """
    if shape == "email":
        return check_email(login, known_domains)
    problems = _shape(login, LONGEST)
    local, at, domain = login.rpartition("@")
    if at and not problems:
        problems += _one_script(local) + _domain(domain, known_domains)
    elif not problems:
        problems += _one_script(login)
    return problems


def check_email(email: str, known_domains: Collection[str] = ()) -> list[str]:
    """Return what is wrong with an e-mail address; no name server is asked."""
    problems = _shape(email, LONGEST_EMAIL)
    if problems:
        return problems
    try:
        # Test domains are as good as others here: examples and tests hold nothing else.
        found = validate_email(email, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        said = str(error).rstrip(".")
        return [f"is not an e-mail address: {said[:1].lower()}{said[1:]}"]
    return _one_script(found.local_part) + _domain(found.domain, known_domains)


def check_domain(domain: str) -> list[str]:
    """Return what is wrong with a mail domain; no name server is asked."""
    problems = _shape(domain, LONGEST_EMAIL)
    if problems:
        return problems
    try:
        validate_email(f"a@{domain}", check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        said = str(error).rstrip(".")
        return [f"is no mail domain: {said[:1].lower()}{said[1:]}"]
    return _domain(domain, ())


def check_name(name: str) -> list[str]:
    """Return what is wrong with the name of a person; see the module for what is allowed."""
    problems = _length(name, LONGEST)
    for char in dict.fromkeys(name):
        category, code = unicodedata.category(char), ord(char)
        if category in ("Cc", "Cs", "Zl", "Zp"):
            problems.append(f"contains the control character {_named(char)}")
        elif code in _EMBEDDED:
            problems.append(f"contains {_named(char)}, which reorders the text around it")
        elif category == "Cf" and code not in _FINE_IN_NAMES:
            problems.append(f"contains the invisible character {_named(char)}")
    return problems + _ends(name)


def check_url(url: str) -> list[str]:
    """Return what is wrong with a base URL: it must be https, unless it is on this machine."""
    if any(unicodedata.category(char) in ("Cc", "Cf", "Zs", "Zl", "Zp") for char in url):
        return ["contains a space or an invisible character"]
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return [f"is not a URL: {str(error)[:1].lower()}{str(error)[1:]}"]
    if not host or parts.scheme not in ("http", "https"):
        return ["is not a URL like https://crm.example.com/scim/v2"]
    problems = []
    if parts.scheme == "http" and not is_loopback(host):
        problems.append(
            "sends credentials in the clear: write https (http is for this machine only)"
        )
    if "@" in parts.netloc:
        problems.append(
            "holds a user name or password: name them by a reference in the credentials"
        )
    if "#" in url:
        problems.append("holds a fragment (#...), which is never sent")
    if "?" in url:
        problems.append("holds a query (?...), where a base URL ends with its path")
    return problems


def normal_url(url: str) -> str:
    """Return a base URL that `check_url` finds nothing wrong with as addresses are compared."""
    parts = urlsplit(url.strip())
    scheme, usual = parts.scheme.lower(), {"http": 80, "https": 443}
    port = parts.port if parts.port != usual.get(scheme) else None
    host = (parts.hostname or "").rstrip(".")
    return f"{scheme}://{host}{f':{port}' if port else ''}{parts.path.rstrip('/')}"


def shown_url(url: str) -> str:
    """Return a URL to be shown: without user and password, query and fragment, which hold secrets.

    Text that is no URL is cut in the same way.
    """
    start = re.match(r"[A-Za-z]*://", url)
    scheme, rest = (start[0], url[start.end() :]) if start else ("", url)
    end = next((n for n, char in enumerate(rest) if char in "?#"), len(rest))
    place, mark = rest[:end], rest[end : end + 1]
    if "@" in rest[end:]:  # perhaps a password with such a mark in it
        return f"{scheme}***"
    _, at, host = place.rpartition("@")
    return f"{scheme}{'***@' if at else ''}{host}"[:80] + (f"{mark}***" if mark else "")


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this machine, without asking a name server."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def domain_of(address: str) -> str:
    """Return the mail domain of an address in lower case, empty where it has none."""
    return address.rpartition("@")[2].strip().rstrip(".").lower() if "@" in address else ""


def within(domain: str, owned: str) -> bool:
    """Tell whether a domain is ``owned`` or a part of it; both in lower case."""
    return domain == owned or domain.endswith(f".{owned}")


def normal_domain(domain: str) -> str:
    """Return a mail domain as all are compared: in lower case, without outer space."""
    return domain.strip().lower()


def parents(domain: str) -> Iterator[str]:
    """Yield a domain and those that it is a part of, the nearest first."""
    while domain:
        yield domain
        domain = domain.partition(".")[2]


def holder_of(domain: str, whose: Mapping[str, Holder]) -> Holder | None:
    """Return whose a domain is: who has the nearest of those that it is a part of.

    ``whose`` maps domains in normal form to whoever has them.
    """
    return next((whose[part] for part in parents(domain) if part in whose), None)


def plain(text: str) -> str:
    """Return the letters and digits of a text without case and accents, to compare names by."""
    drawn = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in drawn if char.isalnum())


def same_but_case(logins: Iterable[str]) -> list[tuple[str, ...]]:
    """Return groups of different logins that differ only in case or in the spelling of accents."""
    groups: dict[str, dict[str, None]] = {}
    for login in logins:
        folded = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", login).casefold())
        groups.setdefault(folded, {})[login] = None
    return [tuple(group) for group in groups.values() if len(group) > 1]


def near(word: str, words: Iterable[str], n: int = 3) -> str:
    """Return ``did you mean 'A' or 'B'?`` for at most ``n`` of ``words``, or an empty string."""
    by_folded: dict[str, str] = {}
    for candidate in words:
        by_folded.setdefault(candidate.casefold(), candidate)
    folded = word.casefold()
    close = difflib.get_close_matches(folded, by_folded, n=n, cutoff=0.6)
    if not close and len(folded) > 2:  # the beginning of a longer word
        close = [candidate for candidate in by_folded if candidate.startswith(folded)][:n]
    if not close:
        return ""
    return f"did you mean {' or '.join(repr(by_folded[match]) for match in close)}?"


def look_alike(domain: str, known_domains: Collection[str]) -> str | None:
    """Return the known domain that ``domain`` could be taken for, if it is not one itself."""
    written = _readable(domain)
    known = {_readable(other): other for other in known_domains}
    if written in known:
        return None
    drawn = _drawn(written)
    return next((other for text, other in known.items() if _drawn(text) == drawn), None)


def look_alikes(domains: Iterable[str]) -> list[tuple[str, ...]]:
    """Return groups of different domains that could be taken for each other, in their order."""
    groups: dict[str, dict[str, str]] = {}
    for domain in domains:
        written = _readable(domain)
        groups.setdefault(_drawn(written), {}).setdefault(written, domain)
    return [tuple(group.values()) for group in groups.values() if len(group) > 1]


# -- parts


def _shape(login: str, longest: int) -> list[str]:
    problems = _length(login, longest)
    for char in dict.fromkeys(login):
        category = unicodedata.category(char)
        if category in ("Cc", "Cs", "Zl", "Zp"):
            problems.append(f"contains the control character {_named(char)}")
        elif category == "Cf":
            problems.append(f"contains the invisible character {_named(char)}")
        elif _EMOJI.match(char):
            problems.append(f"contains the emoji or symbol {_named(char)}")
    if not problems and unicodedata.normalize("NFC", login) != login:
        problems.append("spells an accent as a character of its own: write it in composed form")
    return problems + _ends(login)


def _length(text: str, longest: int) -> list[str]:
    if not text.strip():
        return ["is empty"]
    if len(text) > longest:
        return [f"has {len(text)} characters, more than {longest}"]
    return []


def _ends(text: str) -> list[str]:
    return ["begins or ends with a space"] if text.strip() and text != text.strip() else []


def _one_script(text: str) -> list[str]:
    return [
        f"mixes letters of {_and(mixed)} in {word!r}, which can pass for another"
        for word in re.split(r"[^\w]+", text)
        if (mixed := _mixed(word))
    ]


def _domain(domain: str, known_domains: Collection[str]) -> list[str]:
    written = _readable(domain)
    alike = look_alike(written, known_domains)
    shown = written if written.isprintable() else ascii(written)[1:-1]
    if alike:
        return [f"has the domain {shown}, which looks like {alike} and is another"]
    for label in written.split("."):
        if mixed := _mixed(label):
            return [f"has the domain {shown}, which mixes letters of {_and(mixed)}"]
        if written.rpartition(".")[2].isascii() and _disguised(label):
            return [f"has the domain {shown}, whose {label!r} is no Latin but looks like it"]
    return []


def _mixed(text: str) -> list[str]:
    if text.isascii():  # the tables of scripts and glyphs take long to read: most names need none
        return []
    from confusable_homoglyphs import categories  # type: ignore[import-untyped]

    scripts = categories.unique_aliases(text) - {"COMMON", "INHERITED"}
    if len(scripts) < 2 or any(scripts <= together for together in _ONE_WRITING):
        return []
    return sorted(script.capitalize() for script in scripts)


def _readable(domain: str) -> str:
    domain = domain.strip().rstrip(".").lower()
    try:
        return str(idna.decode(domain))
    except (idna.IDNAError, UnicodeError):
        return domain


def _disguised(label: str) -> bool:
    """Tell whether a label is in another script than Latin and every letter looks Latin."""
    if label.isascii():
        return False
    from confusable_homoglyphs import categories

    letters = [char for char in label if char.isalpha()]
    return bool(letters) and all(
        not char.isascii() and categories.alias(char) != "LATIN" and _prototype(char).isascii()
        for char in letters
    )


def _drawn(text: str) -> str:
    """Return ``text`` with every character in place of those that look like it."""
    plain = (char for char in unicodedata.normalize("NFKD", text.lower()))
    drawn = "".join(_prototype(char) for char in plain if not unicodedata.combining(char))
    return drawn.replace("rn", "m").replace("vv", "w").replace("i", "l")


def _prototype(char: str) -> str:
    if char.isascii() and not char.isdigit():
        return char
    for glyph in _glyphs(char):
        if glyph.isascii() and glyph.isalpha():
            return glyph.lower()
    return char


def _glyphs(char: str) -> list[str]:
    from confusable_homoglyphs import confusables

    found = confusables.is_confusable(char, greedy=True)
    return [] if not found else [glyph["c"] for glyph in found[0]["homoglyphs"]]


def _and(words: list[str]) -> str:
    return " and ".join(words)


def _named(char: str) -> str:
    name = unicodedata.name(char, "").lower()
    return f"U+{ord(char):04X}" + (f" ({name})" if name else "")
