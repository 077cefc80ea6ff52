"""The policies that a stack's resources are enough for, as a CrossGuard pack.

``pulumi preview --policy-pack policies`` runs it, in the environment of packs: ``make
policy-setup``. Each policy is one of the pack, with its severity as enforcement level; parameters
come from the pack's configuration. What rests on more than resources (teams, reasons, second
factors) is judged by ``martech check`` on the access document.
"""

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    PolicyPack,
    ReportViolation,
    StackValidationArgs,
    StackValidationPolicy,
)

from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.model.expiry import as_of
from pulumi_martech.model.plan import kind_of
from pulumi_martech.model.rules import PolicySetting
from pulumi_martech.policy.builtin import rules_of
from pulumi_martech.policy.judging import judge
from pulumi_martech.policy.plans import Recorded
from pulumi_martech.policy.resource_view import view_of_resources
from pulumi_martech.policy.rule import Rule, Severity

LEVELS = {"mandatory": EnforcementLevel.MANDATORY, "advisory": EnforcementLevel.ADVISORY}


def validate(
    rule: Rule, severity: Severity, args: StackValidationArgs, report_violation: ReportViolation
) -> None:
    """Judge the resources of a stack by one rule; report findings of one severity."""
    recorded = [
        Recorded(urn=each.urn, kind=kind_of(each.resource_type), inputs=each.props)
        for each in args.resources
    ]
    own = args.get_config() if rule.parameters.model_fields else {}
    parameters = {
        name: value for name, value in own.items() if name in rule.parameters.model_fields
    }
    settings = {rule.id: PolicySetting(parameters=parameters)}
    view = view_of_resources(recorded, as_of(), settings)
    try:
        judgement = judge(view, [rule], only_resources=True)
    except InvalidDeclaration as error:
        if severity == rule.severity:
            report_violation(str(error), None)
        return
    for _, text in judgement.wrong:
        report_violation(text, None)
    for finding in judgement.findings:
        if finding.severity == severity:
            report_violation(f"{finding.text}; {rule.fix}", None)


def policies(rule: Rule) -> Iterator[StackValidationPolicy]:
    """Yield a rule as policies of a pack: one a severity, as a policy has one level only."""
    described = rule.parameters.model_json_schema().get("properties", {})
    severities: list[Severity] = [rule.severity, *([rule.also] if rule.also else [])]
    for severity in severities:
        yield StackValidationPolicy(
            name=rule.id if severity == rule.severity else f"{rule.id}-{severity}",
            description=f"{rule.title}: {rule.why}",
            enforcement_level=LEVELS[severity],
            validate=partial(validate, rule, severity),
            config_schema=PolicyConfigSchema(properties=described) if described else None,
        )


try:
    rules = rules_of(Path(__file__).parents[1])
except InvalidDeclaration as error:
    sys.exit(str(error))

PolicyPack(
    name="pulumi-martech",
    policies=[each for rule in rules if rule.on_resources for each in policies(rule)],
)
