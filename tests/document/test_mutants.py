"""Whatever a document holds: no traceback, and every problem at a place that is there."""

import random
import re
from datetime import date

from pulumi_martech.document.compile import compile_access
from pulumi_martech.document.problems import Finding, Problem
from pulumi_martech.policy.builtin import BUILTIN
from pulumi_martech.policy.judging import judge
from pulumi_martech.policy.view import view_of

from .mutants import PEOPLE, mutants
from .office import Office

DAY = date(2026, 11, 28)
INNARDS = re.compile(
    r"Traceback|<class|pydantic|NoneType|object at 0x|Error|validation|unhashable|timedelta"
    r"|[Ii]nput should|Field required|while (parsing|scanning)|None "
)


def problems(office: Office, text: str) -> list[Problem]:
    """Return everything that is told of a document, by reading, policies and compiling."""
    office.write(text.encode("utf-8", "surrogatepass"))
    document = office.read()
    if not document.ok:
        return document.problems
    judgement = judge(view_of(document.access, DAY), BUILTIN)
    found = [Finding(way, said) for way, said in judgement.wrong]
    found += compile_access(document.access, DAY).findings
    return [*document.problems, *document.locate(found)]


def test_whatever_a_hand_slips_over(office: Office) -> None:
    office.write(PEOPLE, "people.yaml")
    lines = {"people.yaml": PEOPLE.count("\n") + 1}
    told = 0
    for text in mutants(random.Random(20261128), 700):
        lines["access.yaml"] = len(re.findall("\r\n?|\n", text)) + 1
        for problem in problems(office, text):
            said, place = str(problem), problem.place
            assert not INNARDS.search(said), (said, text)
            assert said.isprintable() and len(said) < 600, (said, text)
            assert 1 <= place.line <= lines.get(place.file, 1), (said, text)
            assert place.column >= 1, (said, text)
            told += 1
    assert told > 700, "mutants must make mistakes"
