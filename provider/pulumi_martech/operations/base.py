"""`martech check --base`: a change of the document, judged by the rules as they were before it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pulumi_martech.document.certifications import NAME, certifications, file_of, only_added
from pulumi_martech.document.load import Document, load
from pulumi_martech.document.revision import as_it_was, changed_by
from pulumi_martech.model.access import Access
from pulumi_martech.model.certification import Certification
from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.model.identity import near
from pulumi_martech.policy.anomalies import anomalies
from pulumi_martech.policy.builtin import rules_of
from pulumi_martech.policy.change import PROCESS, process
from pulumi_martech.policy.guards import named
from pulumi_martech.policy.judging import Judgement
from pulumi_martech.policy.rule import Finding, Rule
from pulumi_martech.policy.view import View
from pulumi_martech.project import project
from pulumi_martech.reconcile.attested import with_role_content


@dataclass(frozen=True)
class Base:
    """What a document is compared with: a file, or a revision of git; and who made the change.

    ``by`` are keys of people; with none of them they are who committed since the revision.
    """

    named: str
    folder: Path
    by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Compared:
    """What came of it; ``unknown`` are committers whom the document does not have, by address."""

    findings: tuple[Finding, ...]
    authors: tuple[str, ...]
    unknown: tuple[str, ...]


def compared(
    document: Document, base: Base, after: View, now: Judgement, look: Callable[[Access], View]
) -> Compared:
    """Judge a change by the rules before it.

    Args:
        document: as it is with the change.
        base: what was before.
        after: what everybody can do with the change.
        now: what the policies of now find.
        look: makes such a view of a document, as of the same day.

    Raises:
        DocumentInvalid: the document before the change cannot be meant as it is written.
        InvalidDeclaration: there is no such file or revision, or nobody of that key.
    """
    people = after.access.principals
    strange = [who for who in base.by if who not in people]
    if strange:
        raise InvalidDeclaration(
            "find who made the change",
            f"the document has no person {strange[0]!r}",
            "nothing was checked",
            near(strange[0], people),
        )

    def found(access: Access, rules: Sequence[Rule], authors: Iterable[str]) -> tuple[Finding, ...]:
        before = look(access)
        changes = process(before, after, rules, now, set(authors), look)
        return (*changes, *anomalies(before, after))

    file = base.folder / base.named
    if file.is_file():
        rules = rules_of(project(document.path.parent))
        unknown = () if base.by else ("somebody unknown",)
        before = with_role_content(load(file).access)
        return Compared(found(before, rules, base.by), base.by, unknown)
    with as_it_was(document.path, base.named) as was:
        before, rules = with_role_content(load(was).access), rules_of(project(was.parent))
        certified = certifications(was)
    files = [source.path for source in document.sources]
    authors, strangers = _who(document, base, files)
    findings = found(before, rules, authors)
    findings += tuple(_certified(document, base, certified))
    return Compared(findings, authors, strangers)


def _certified(
    document: Document, base: Base, before: Sequence[Certification]
) -> Iterator[Finding]:
    """Yield what a change does to the certifications that it should not do."""
    now = certifications(document.path)
    if not only_added(before, now):
        text = f"{NAME} lost or changed a line: certifications are added and never changed"
        yield Finding((), text, (), "mandatory", PROCESS)
        return
    added = now[len(before) :]
    if not added:
        return
    signed, strangers = _who(document, base, [file_of(document.path)])
    for who in sorted({one.by for one in added} - set(signed)):
        others = named({*signed, *strangers}) or "nobody that git knows"
        text = f"a certification is said to be by {who} and was signed off by {others}"
        yield Finding((who,), text, (), "mandatory", PROCESS)


def _who(
    document: Document, base: Base, files: Sequence[Path]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return who changed files since a revision, and addresses that are nobody's."""
    if base.by:
        return base.by, ()
    by_address = {
        address.lower(): principal.key
        for principal in document.access.principals.values()
        for address in (principal.email, *principal.logins.values(), *principal.aliases)
        if "@" in address
    }
    addresses = changed_by(files, base.named)
    found = {by_address[address] for address in addresses if address in by_address}
    return tuple(sorted(found)), tuple(sorted(addresses - by_address.keys()))
