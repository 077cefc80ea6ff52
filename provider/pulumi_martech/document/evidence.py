"""What is known besides a document: who certified whose access, for rules to look at."""

from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from pulumi_martech.document.certifications import certifications
from pulumi_martech.model.access import Access
from pulumi_martech.model.certification import Certified, latest
from pulumi_martech.policy.view import View, view_of


@dataclass(frozen=True)
class Evidence:
    """Evidence for a view of a document; see `View`."""

    certified: Certified = field(default_factory=dict)

    @classmethod
    def of(cls, document: Path, day: date) -> "Evidence":
        """Return what there is of a document on a day; raises `DocumentInvalid`."""
        return cls(latest(certifications(document, day)))

    def view(self, access: Access, day: date) -> View:
        """Return what a document lets everybody do on a day, with the evidence."""
        return replace(view_of(access, day), certified=self.certified)
