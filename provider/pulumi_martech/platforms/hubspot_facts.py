"""What HubSpot can do, how that is known, and what it cannot show: its manifest."""

from pulumi_martech.model.leaving import Hanging
from pulumi_martech.model.manifest import Ability, Identity, Limits, Manifest, Removal
from pulumi_martech.model.membership import NativeRole
from pulumi_martech.platforms.facts import no, partly, yes
from pulumi_martech.platforms.hubspot_wire import OWNED, PAGE

SUPER_ADMIN = "Super Admin"
"""Shown like a role. It is none of the portal's permission sets, and has no id there."""

SUPER_ADMIN_ROLE = NativeRole(id="superAdmin", name=SUPER_ADMIN)

SETTINGS = "in HubSpot under Settings > Users & Teams"


_KEPT = "keep an owner who is gone; give them another one in HubSpot before"
_SPEC, _DOCS = "hubspot.md [SPEC]", "hubspot.md [DOCX]"

MANIFEST = Manifest(
    platform="hubspot",
    title="HubSpot",
    identity=Identity(attribute="email", shape="email", case_sensitive=False, renamable=False),
    shared_address=True,
    creation="direct",
    role_shape="scalar",
    role_content="declared",
    administrator_roles=(SUPER_ADMIN,),
    abilities={
        Ability.LIST_USERS: yes("GET /settings/v3/users/ by cursor", _SPEC),
        Ability.CREATE_USER: yes("POST /settings/v3/users/, with a welcome mail or without", _SPEC),
        Ability.INVITE_USER: no(
            "a user is there at once; only the welcome mail is an invitation, and nothing shows "
            "whether it was taken up",
            _SPEC,
            "create the user with welcome_mail=True",
        ),
        Ability.CHANGE_USER: partly(
            "PUT /settings/v3/users/{userId}: what is sent is changed, the rest stays",
            _SPEC,
            "a permission set and a main team can be replaced and not taken away; make and unmake "
            f"super admins {SETTINGS}",
        ),
        Ability.CHANGE_LOGIN: no(
            "the e-mail address is the person's own",
            _SPEC,
            "make a new user and remove the old one",
        ),
        Ability.DEACTIVATE_USER: no(
            "no field for it; who is deactivated is only seen in the CRM's records of users",
            _SPEC,
            f"deactivate {SETTINGS} or by SCIM, or say on_destroy='remove'",
        ),
        Ability.REMOVE_USER: yes("DELETE /settings/v3/users/{userId}", _SPEC),
        Ability.LIST_ROLES: yes(
            "GET /settings/v3/users/roles: names of permission sets; none below Enterprise", _SPEC
        ),
        Ability.CREATE_ROLE: no(
            "permission sets are made in the app alone",
            _SPEC,
            "make the set in the app, then declare a RoleReference",
        ),
        Ability.READ_ROLE_CONTENT: no(
            "a permission set is a name",
            _SPEC,
            "look up in the app what the permission set allows and declare it",
        ),
        Ability.SERVICE_PRINCIPALS: no(
            "private apps and service keys are not listed",
            _SPEC,
            "list them under Settings > Integrations; the security log shows when one is made",
        ),
        Ability.PARTNER_LINK: no(
            "a solutions partner's people are ordinary users, let in by a link in the app",
            _DOCS,
            "declare the partner's people by domain and alias, and look under Settings > Account "
            "Management > Partner Access",
        ),
        Ability.NATIVE_EXPIRY: no(
            "no end date", _SPEC, "give the grant an end date here and run on a schedule"
        ),
        Ability.MFA: no(
            "the security log shows when a second factor came or went, nothing shows who has one",
            _SPEC,
            "ask the identity provider, or require it under Settings > Security",
        ),
        Ability.LAST_LOGIN: partly(
            "the log-in log of 90 days, where token and plan allow it",
            _SPEC,
            "give the token account-info.security.read; older log-ins are in the app",
        ),
    },
    removals=(
        Removal(
            verb="remove",
            login="yes",
            sessions="unknown",
            api_keys="unknown",
            oauth_tokens="unknown",
            note="ends access to this portal; the person's identity at HubSpot stays, and the same "
            "address gets the same id when it comes back (seen by others on live portals)",
        ),
    ),
    softest_ending_verb="remove",
    limits=Limits(
        page_size=PAGE,
        retry_after="100 or 190 calls in ten seconds by plan, told by X-HubSpot-RateLimit "
        "headers; searches fewer; 250,000 to 1,000,000 a day, after which nothing is waited for",
    ),
    objects=("permission sets", "teams", "deactivated users"),
    hangs_on_person=(
        *(Hanging(what=what, becomes=_KEPT, shown=True) for what in OWNED),
        Hanging(
            what="private apps, workflows, reports, meeting links and connected mailboxes that the "
            "person made",
            becomes="stay or stop working, nobody tells which: look in HubSpot before",
        ),
    ),
    exit_layers=(
        "the user of the portal",
        "private apps and service keys that the person has seen the token of",
        "connected mailboxes, calendars and social accounts",
        "on a partner: the partner's own access link",
    ),
    blind_spots=(
        "what a permission set allows, and rights given to a user one by one",
        "whether a user has ever logged in, and whether a welcome mail was taken up",
        "who comes from a solutions partner, and the partner's access link",
        "private apps, service keys and connected apps",
        "second factors and open sessions",
    ),
)
