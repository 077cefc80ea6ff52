"""What SendGrid's scopes mean in capabilities: each role is one scope, so that content is *read*.

The scopes are those of an administrator in the vendor's description (sendgrid.md [SPEC]); what one
opens is read from the endpoints it is named for. Where that leaves doubt the heavier reading holds,
and a scope that is not listed here stays unmapped: it counts as administering.
"""

from pulumi_martech.model.capability import CAPABILITIES
from pulumi_martech.model.rolemap import Right, RoleMap
from pulumi_martech.platforms.sendgrid_scopes import (
    ADMIN,
    BASELINE,
    HARMLESS,
    OWNER,
    RESTRICTED,
    parted,
)

_CAMPAIGNS = ("email:create", "audience:manage", "contacts:view_all", "contacts:export")


def _right(*names: str) -> Right:
    return Right(capabilities=frozenset(names), source="sendgrid.md [SPEC]", grade="spec")


_NOTHING, _SUMS = _right(), _right("report:view")
_SETTINGS, _USERS = _right("settings:manage"), _right("users:manage")

_RIGHTS: dict[str, Right] = {
    # What everybody with access to a subuser has: settings, sums, one's own profile.
    **{scope: _SUMS if "stats" in scope else _NOTHING for scope in sorted(BASELINE | HARMLESS)},
    RESTRICTED: _SUMS,
    ADMIN: _right(*CAPABILITIES),
    OWNER: _right(*CAPABILITIES),
    "mail.send": _right("email:send"),
    "mail.batch.read": _NOTHING,
    "mail.batch.*": _right("email:send"),
    "user.scheduled_sends.read": _NOTHING,
    "user.scheduled_sends.*": _right("email:send"),
    "marketing.read": _right(*_CAMPAIGNS, "report:view"),
    "marketing.automation.read": _right("automation:view"),
    # Who writes a campaign schedules it: there is no scope for sending alone.
    "marketing_campaigns.read": _right(*_CAMPAIGNS, "report:view"),
    "newsletter.read": _right(*_CAMPAIGNS, "report:view"),
    "marketing_campaigns.*": _right(*_CAMPAIGNS, "email:send", "contacts:personalise"),
    "newsletter.*": _right(*_CAMPAIGNS, "email:send", "contacts:personalise"),
    "templates.read": _right("asset:view"),
    "templates.versions.read": _right("asset:view"),
    "templates.*": _right("email:create"),
    "design_library.read": _right("asset:view"),
    "design_library.*": _right("email:create", "asset:edit"),
    "email_testing.*": _right("email:create"),
    "messages.read": _right("report:view_person"),
    "di.bounce_block_classification.read": _SUMS,
    "categories.read": _SUMS,
    "subusers.stats.*": _SUMS,
    "subusers.reputations.read": _SUMS,
    "subusers.summary.read": _SUMS,
    "user.webhooks.parse.stats.read": _SUMS,
    "categories.*": _right("asset:edit"),
    "suppression.*": _right("consent:manage"),
    "asm.*": _right("consent:manage"),
    "teammates.read": _right("users:view"),
    "teammates.*": _USERS,
    "sso.teammates.*": _USERS,
    "sso.settings.read": _NOTHING,
    "sso.settings.*": _SETTINGS,
    "access_settings.activity.read": _right("users:view"),
    "subusers.read": _right("users:view"),
    "subusers.*": _SETTINGS,
    "api_keys.read": _right("users:view"),
    "api_keys.*": _right("integrations:manage"),
    "credentials.*": _right("integrations:manage"),
    "partner_settings.*": _right("integrations:manage"),
    "user.webhooks.*": _right("integrations:manage"),
    "billing.read": _right("finance:view"),
    "billing.*": _right("billing:manage"),
    # One's own profile and password: what an accepted teammate may have [CODE].
    "user.profile.*": _NOTHING,
    "user.password.*": _NOTHING,
    "user.timezone.*": _NOTHING,
    "user.*": _SETTINGS,
    "access_settings.*": _SETTINGS,
    "alerts.*": _SETTINGS,
    "ips.*": _SETTINGS,
    "mail_settings.*": _SETTINGS,
    "tracking_settings.*": _SETTINGS,
    "whitelabel.*": _right("settings:manage", "landing_page:domain"),
}

_READS = ("categories.read", "design_library.read", "stats.read", "templates.read")
_WRITES = tuple(
    f"{what}.{verb}"
    for what in ("design_library", "marketing_campaigns", "templates", "templates.versions")
    for verb in ("create", "read", "update")
)
_DELETES = tuple(
    f"{what}.delete" for what in ("design_library", "marketing_campaigns", "templates")
)
_MARKETER = tuple(sorted({*_READS, *_WRITES, "marketing.read"}))

ROLES = RoleMap(
    known="read",
    rights=_RIGHTS,
    portable={
        "administrator": (ADMIN,),
        "viewer": _READS,
        "analyst": _READS,
        # Campaigns cannot be written without seeing and taking out all contacts.
        "marketer": _MARKETER,
        "marketing-manager": tuple(sorted({*_MARKETER, *_DELETES})),
        "partner-marketer": tuple(
            sorted({*_READS, *(s for s in _WRITES if not s.startswith("marketing"))})
        ),
    },
    right_of=lambda role: parted(role)[1],
)
"""SendGrid's role map. A right on a subuser means the same, on that subuser."""
