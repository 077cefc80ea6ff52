"""The scopes that the sandbox's SendGrid knows: those of an administrator in its specification."""

import re

_ALL_FOUR = """
access_settings.whitelist alerts api_keys asm.groups asm.groups.suppressions
asm.suppressions.global billing categories credentials design_library ips ips.pools ips.pools.ips
ips.warmup mail.batch mail_settings.address_whitelist mail_settings.bcc mail_settings.bounce_purge
mail_settings.footer mail_settings.forward_bounce mail_settings.forward_spam
mail_settings.plain_content mail_settings.spam_check mail_settings.template marketing_campaigns
newsletter partner_settings.new_relic partner_settings.sendwithus sso.settings subusers
subusers.credits subusers.credits.remaining subusers.monitor suppression suppression.blocks
suppression.bounces suppression.invalid_emails suppression.spam_reports suppression.unsubscribes
teammates templates templates.versions templates.versions.activate tracking_settings.click
tracking_settings.google_analytics tracking_settings.open tracking_settings.subscription user.email
user.multifactor_authentication user.password user.profile user.scheduled_sends user.timezone
user.username user.webhooks.event.settings user.webhooks.event.test user.webhooks.parse.settings
whitelabel
"""
_READ_ONLY = """
access_settings.activity browsers.stats categories.stats categories.stats.sums clients.desktop.stats
clients.phone.stats clients.stats clients.tablet.stats clients.webmail.stats devices.stats
di.bounce_block_classification email_testing geo.stats ips.assigned mail_settings
mailbox_providers.stats marketing marketing.automation messages partner_settings stats stats.global
subusers.reputations subusers.stats subusers.stats.monthly subusers.stats.sums subusers.summary
tracking_settings user.account user.credits user.webhooks.parse.stats
"""
_OTHERS = """
2fa_required email_testing.write mail.send sender_verification_eligible sender_verification_legacy
signup.trigger_confirmation sso.teammates.create sso.teammates.update ui.confirm_email ui.provision
ui.signup_complete user.settings.enforced_tls.read user.settings.enforced_tls.update
validations.email.create validations.email.read
"""

_VERBS = ("create", "read", "update", "delete")

SCOPES = frozenset(
    [
        *(f"{scope}.{verb}" for scope in _ALL_FOUR.split() for verb in _VERBS),
        *(f"{scope}.read" for scope in _READ_ONLY.split()),
        *_OTHERS.split(),
    ]
)
"""What there is to give: 278 scopes [SPEC]."""

AUTOMATIC = frozenset(
    {"2fa_exempt", "2fa_required", "sender_verification_exempt", "sender_verification_eligible"}
)
"""Given by SendGrid itself; nobody can set them [CODE]."""

GIVEN = ("2fa_required", "sender_verification_eligible")
"""Those of them that every teammate of this sandbox has."""

ONLY_ACCEPTED = frozenset({"user.profile.update", "user.password.update"})
"""Refused in an invitation, allowed afterwards [CODE]."""

_SETTINGS = re.compile(
    r"(mail_settings|partner_settings|tracking_settings)(\.\w+)?\.read"
    r"|((categories|devices|geo|mailbox_providers|browsers|clients(\.\w+)?)\.)?stats(\.\w+)?\.read"
    r"|user\.(account|credits|email|profile|timezone|username|settings\.enforced_tls)\.read"
)

BASELINE = tuple(sorted(scope for scope in SCOPES if _SETTINGS.fullmatch(scope)))
"""What this sandbox adds to restricted access to a subuser; the real list is not published."""

PERSONAS = {
    "accountant": ("billing.",),
    "developer": ("api_keys.", "mail.", "user.webhooks.", "templates."),
    "marketer": ("marketing", "templates.", "design_library.", "suppression."),
    "observer": ("stats.", "categories.stats."),
}
"""What a persona stands for here, by how its scopes begin; the real lists are not readable."""


def persona(name: str) -> list[str]:
    """Return the scopes that a persona gives."""
    return sorted(scope for scope in SCOPES if scope.startswith(PERSONAS[name]))
