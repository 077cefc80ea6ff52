"""What engines print, as sentences for people."""

import pytest

from pulumi_martech.engine import locks
from pulumi_martech.engine.messages import NOT_PLANNED, error_text, notes

URN = "urn:pulumi:dev::shop::pulumi-python:dynamic/martech/scim:MartechUser::crm/ana"

TRACEBACK = """\
Traceback (most recent call last):
  File "/x/site-packages/pulumi/dynamic/__main__.py", line 84, in wrapper
    return fn(self, request, context)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/home/me/shop/stacks/people.py", line 12, in update
    raise RuntimeError("no")
"""


@pytest.mark.parametrize(
    ("printed", "sentence"),
    [
        ("update failed\n", "update failed"),
        ("error: RuntimeError: no seats left", "no seats left"),
        (
            "Exception calling application: pulumi_martech.model.errors.Refused: create user ana "
            "in account crm: the seat limit is reached; nothing was written",
            "create user ana in account crm: the seat limit is reached; nothing was written",
        ),
        (TRACEBACK + "RuntimeError: the answer was lost", "the answer was lost"),
        (TRACEBACK + "KeyError: 'login'", "KeyError: 'login'"),
        (
            "pulumi-python:dynamic/martech:Gate resource 'gate': property accounts value "
            "{map[crm:{map[key:{hush}]}]} has a problem: 4 of 5 logins would lose access",
            "accounts: 4 of 5 logins would lose access",
        ),
        (
            "pulumi-python:dynamic/toy:User resource 'bob': property login value {<nil>} has a "
            "problem: login is needed",
            "login is needed",
        ),
        (
            "Program failed with an unhandled exception:\n" + TRACEBACK + "ValueError: no table",
            "the program failed at stacks/people.py, line 12: ValueError: no table",
        ),
        (
            'Program failed with an unhandled exception:\n  File "stacks/__main__.py", line 5\n'
            "pulumi_martech.model.errors.InvalidDeclaration: read until: 'soon' is no date",
            "the program failed at stacks/__main__.py, line 5: read until: 'soon' is no date",
        ),
        (f'Preview failed: resource "{URN}" cannot be deleted\nbecause it is protected',
         "resource crm/ana cannot be deleted because it is protected"),
        (f"resource {URN} violates plan: properties changed: ~~members[{{x}}!={{y}}]", NOT_PLANNED),
        ("delete is not allowed by the plan: this resource is constrained to update", NOT_PLANNED),
        (
            "Attempting to deploy or update resources with 2 pending operations from previous "
            f"deployment.\n* {URN}, interrupted while creating\nThese resources are in an unknown",
            "an earlier run was interrupted in the middle of 2 operations; what it made is looked "
            "for and taken over",
        ),
        ("<{%fg 1%}>red<{%reset%}> \x1b[31mwords\x1b[0m\r\n", "red words"),
        ("\n", ""),
    ],
)  # fmt: skip
def test_a_message_is_reduced_to_its_sentence(printed: str, sentence: str) -> None:
    assert error_text(printed) == sentence
    assert "hush" not in error_text(printed)


def test_what_programs_print_is_kept_without_tracebacks() -> None:
    lines = ["account crm was not read\n\n", *TRACEBACK.splitlines(keepends=True)]
    lines += ["KeyboardInterrupt\n\n", "During handling of the above exception\n", "hello\n"]
    assert notes(lines) == ["account crm was not read", "hello"]


@pytest.mark.parametrize(
    ("complaint", "advice"),
    [
        ("no stack named 'prod' found", "martech stack init prod"),
        ("passphrase must be set with PULUMI_CONFIG_PASSPHRASE", "set PULUMI_CONFIG_PASSPHRASE"),
        ("PULUMI_ACCESS_TOKEN must be set for login", "pulumi login"),
        ("the stack is currently locked by 1 lock(s)", "martech stack unlock"),
    ],
)
def test_known_complaints_say_what_to_do(complaint: str, advice: str) -> None:
    assert advice in locks.explained(complaint)
    assert locks.explained("something else") == ""
