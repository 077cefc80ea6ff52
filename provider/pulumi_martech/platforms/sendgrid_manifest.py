"""What SendGrid can do, how that is known, and what it cannot show."""

from pulumi_martech.model.leaving import Hanging
from pulumi_martech.model.manifest import Ability, Identity, Limits, Manifest, Removal
from pulumi_martech.platforms.facts import no, partly, yes
from pulumi_martech.platforms.sendgrid_scopes import ADMIN, OWNER
from pulumi_martech.platforms.sendgrid_wire import PAGE

ITS_SUBUSERS = "subusers with the person's address"
_SPEC, _CODE = "sendgrid.md [SPEC]", "sendgrid.md [CODE]"

MANIFEST = Manifest(
    platform="sendgrid",
    title="SendGrid",
    identity=Identity(
        attribute="email", shape="email", case_sensitive=False, renamable=False, unique=False
    ),
    shared_address=True,
    creation="invitation with a second id",
    role_shape="list replaced on the user",
    role_content="read",
    builtin_roles=(ADMIN, OWNER),
    administrator_roles=(ADMIN, OWNER),
    abilities={
        Ability.LIST_USERS: yes("GET /v3/teammates by offset, and /v3/teammates/pending", _SPEC),
        Ability.CREATE_USER: partly(
            "POST /v3/sso/teammates, with single sign-on", _SPEC, "invite the others"
        ),
        Ability.INVITE_USER: yes("POST /v3/teammates; an invitation lasts 7 days", _SPEC),
        Ability.CHANGE_USER: yes(
            "PATCH /v3/teammates/{username} or /v3/sso/teammates/{email}; scopes are replaced as a "
            "whole",
            _SPEC,
        ),
        Ability.CHANGE_LOGIN: no(
            "an address is for ever", _SPEC, "remove the teammate and invite the new address"
        ),
        Ability.DEACTIVATE_USER: no(
            "there are no switched-off teammates",
            _SPEC,
            "say on_destroy='remove', or 'downgrade' (no scope, but the teammate still logs in)",
        ),
        Ability.REMOVE_USER: yes("DELETE /v3/teammates/{username}, or the invitation", _SPEC),
        Ability.LIST_ROLES: yes("GET /v3/scopes: what the API key has and can give", _SPEC),
        Ability.CREATE_ROLE: no(
            "SendGrid stores no roles, a teammate has a list of scopes",
            _SPEC,
            "name scopes in the program: PermissionSet('marketer', ('marketing.read', ...))",
        ),
        Ability.READ_ROLE_CONTENT: yes("a role is one scope", _SPEC),
        Ability.SERVICE_PRINCIPALS: partly(
            "GET, PUT and DELETE /v3/api_keys; keys of subusers are not listed",
            _SPEC,
            "make a key in SendGrid and declare it by its id",
        ),
        Ability.PARTNER_LINK: no(
            "a vendor is a teammate, best with access to subusers only, or a subuser of its own",
            _SPEC,
            "declare the vendor's people and its API keys",
        ),
        Ability.NATIVE_EXPIRY: no(
            "only invitations expire", _SPEC, "give the grant an end date and run on a schedule"
        ),
        Ability.MFA: no(
            "the scopes 2fa_required and 2fa_exempt are a hint and no more",
            _CODE,
            "ask the identity provider",
        ),
        Ability.LAST_LOGIN: no("not shown", _SPEC, "look at the access activity in SendGrid"),
    },
    removals=(
        Removal(
            verb="remove",
            login="yes",
            sessions="unknown",
            api_keys="no",
            oauth_tokens="unknown",
            note="API keys belong to the account and go on working, whoever made them",
        ),
        Removal(
            verb="downgrade",
            login="no",
            sessions="no",
            api_keys="no",
            oauth_tokens="unknown",
            note="the teammate has no scope left and still logs in",
        ),
    ),
    softest_ending_verb="remove",
    limits=Limits(
        page_size=PAGE,
        retry_after="numbers are not published; 429 with X-RateLimit-Reset (unix seconds), no "
        "Retry-After",
    ),
    objects=("pending invitations", "API keys", "subusers", "scopes"),
    hangs_on_person=(
        Hanging(
            what=ITS_SUBUSERS,
            becomes="stay, with a log-in of their own at that address",
            shown=True,
        ),
        Hanging(
            what="API keys that the person has seen",
            becomes="go on working: they belong to the account, and nobody can tell which",
        ),
        Hanging(
            what="subusers that the person has the password of", becomes="stay, password and all"
        ),
    ),
    exit_layers=(
        "the teammate, or its invitation",
        "the person at the identity provider",
        "API keys that the person knows",
        "subusers with a password of their own",
    ),
    blind_spots=(
        "scopes and access to subusers of teammates that are not declared: shown one by one only",
        "teammates and API keys of subusers",
        "subusers log in with a password of their own: a vendor may have one",
        "who made or knows an API key",
        "with which address an invitation was accepted, if with another one",
        "personas: they are given as scopes and cannot be read back",
        "second factors, last log-in, open sessions",
    ),
)
