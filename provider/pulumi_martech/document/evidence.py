"""What is known besides a document, for rules to look at: certifications, facts of platforms."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from pydantic import ValidationError

from pulumi_martech.document.certifications import certifications
from pulumi_martech.document.files import limit
from pulumi_martech.document.problems import DocumentInvalid, Place, Problem
from pulumi_martech.model.access import Access
from pulumi_martech.model.certification import Certified, latest
from pulumi_martech.model.facts import Facts, PersonFacts
from pulumi_martech.model.people import MfaFact, Principal
from pulumi_martech.model.wording import in_words
from pulumi_martech.policy.view import View, view_of


@dataclass(frozen=True)
class Evidence:
    """Evidence for a view of a document; see `View`."""

    certified: Certified = field(default_factory=dict)
    facts: Mapping[tuple[str, str], PersonFacts] = field(default_factory=dict)

    @classmethod
    def of(cls, document: Path, day: date) -> "Evidence":
        """Return what there is of a document on a day; raises `DocumentInvalid`."""
        return cls(latest(certifications(document, day)))

    def view(self, access: Access, day: date) -> View:
        """Return what a document lets everybody do on a day, with the evidence."""
        used = {key: fact.last_use for key, fact in self.facts.items() if fact.last_use is not None}
        seen = view_of(self._with_factors(access), day, used)
        return replace(seen, certified=self.certified, facts=self.facts)

    def _with_factors(self, access: Access) -> Access:
        """Return the document's values with the second factors that were reported."""
        more: dict[str, list[MfaFact]] = {}
        for (account, person), facts in self.facts.items():
            for fact in facts.mfa:
                here = "" if fact.known == "identity provider" else account
                more.setdefault(person, []).append(fact.model_copy(update={"account": here}))
        if not more:
            return access
        companies = {
            section: {
                key: company.model_copy(update={"people": _told(company.people, more)})
                for key, company in getattr(access, section).items()
            }
            for section in ("vendors", "partners")
        }
        said = {name: getattr(access, name) for name in Access.model_fields}
        people = {"people": _told(access.people, more)}
        return Access.model_construct(**{**said, **people, **companies})


def _told(
    people: Mapping[str, Principal], more: Mapping[str, list[MfaFact]]
) -> dict[str, Principal]:
    """Return people with what was reported of them beside what is said: the newest holds."""
    found = dict(people)
    for key in people.keys() & more.keys():
        found[key] = people[key].model_copy(update={"mfa": (*people[key].mfa, *more[key])})
    return found


def read_facts(path: Path) -> Facts:
    """Read a file of facts.

    Raises:
        DocumentInvalid: it is none; all that is wrong with it, at once.
    """

    def refused(*texts: str) -> DocumentInvalid:
        return DocumentInvalid(path.name, [Problem(Place(path.name), text) for text in texts])

    if path.stat().st_size > limit():
        raise refused("is larger than a document may be")
    try:
        return Facts.model_validate_json(path.read_bytes())
    except ValidationError as error:
        said = [f"{name} {words}".strip() for name, words in in_words(error)]
        raise refused(*(f"is no file of facts: {text}" for text in dict.fromkeys(said))) from None
