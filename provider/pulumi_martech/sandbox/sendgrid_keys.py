"""Subusers and API keys of the sandbox's SendGrid: handlers of their routes."""

from pulumi_martech.sandbox.sendgrid_account import SendGridAccount
from pulumi_martech.sandbox.sendgrid_asked import INVALID_SCOPES, Asked, Problem
from pulumi_martech.sandbox.store import Doc, Row
from pulumi_martech.sandbox.tenant import Answer

MOST_KEYS = 100


# -- subusers


def list_subusers(tenant: SendGridAccount, asked: Asked) -> Answer:
    """List subusers, or the one of a name."""
    wanted = asked.call.query.get("username")
    limit, offset = asked.number("limit", 500, 500), asked.number("offset", 0)
    if wanted is not None:
        return Answer(200, list(tenant.stored["subuser"].named(wanted).values()))
    return Answer(200, list(tenant.stored["subuser"].page(offset, limit).values()))


def create_subuser(tenant: SendGridAccount, asked: Asked) -> Answer:
    """Make a subuser."""
    sent = asked.body()
    for name in ("username", "email", "password"):
        if not isinstance(sent.get(name), str) or not sent[name]:
            raise Problem(400, f"{name} is required", name)
    if not isinstance(sent.get("ips"), list):
        raise Problem(400, "unable to validate IPs at this time", "ips")
    if tenant.stored["subuser"].named(sent["username"]):
        raise Problem(400, "username exists", "username")
    id_ = tenant.add_subuser(sent["username"], email=sent["email"])
    made = {"username": sent["username"], "user_id": id_, "email": sent["email"]}
    return Answer(200, made | {"credit_allocation": {"type": "unlimited"}})


def change_subuser(tenant: SendGridAccount, asked: Asked) -> Answer:
    """Switch a subuser, or its way into the website, off or on."""
    disabled = asked.body().get("disabled")
    if not isinstance(disabled, bool):
        raise Problem(400, "no fields provided")
    subuser = _subuser_named(tenant, asked)
    if not asked.call.path.endswith("/website_access"):
        subuser = subuser | {"disabled": disabled}
        tenant.stored["subuser"].put(Row(str(subuser["id"]), subuser, subuser["username"]))
    return Answer(204)


def delete_subuser(tenant: SendGridAccount, asked: Asked) -> Answer:
    """Remove a subuser for good."""
    tenant.stored["subuser"].remove(str(_subuser_named(tenant, asked)["id"]))
    return Answer(204)


def _subuser_named(tenant: SendGridAccount, asked: Asked) -> Doc:
    found = tenant.stored["subuser"].named(str(asked.call.parts["name"]))
    if not found:
        raise Problem(404, "invalid username", "username")
    return next(iter(found.values()))


# -- API keys


def list_keys(tenant: SendGridAccount, asked: Asked) -> Answer:
    """List API keys, without scopes."""
    limit = asked.number("limit", MOST_KEYS)
    found = tenant.stored["key"].page(0, limit).values()
    return Answer(200, {"result": [_key_shown(key) for key in found]})


def create_key(tenant: SendGridAccount, asked: Asked) -> Answer:
    """Make an API key; its secret is told this once."""
    name, scopes = _key_body(asked)
    if tenant.stored["key"].count() >= MOST_KEYS:
        raise Problem(403, "maximum number of api keys reached")
    made = tenant._store_key(name, scopes)
    shown = {"api_key": made["secret"], "scopes": sorted(tenant.held(made))}
    return Answer(201, _key_shown(made) | shown)


def _key_body(asked: Asked) -> tuple[str, list[str] | None]:
    sent = asked.body()
    name, scopes = sent.get("name"), sent.get("scopes")
    if not isinstance(name, str) or not name:
        raise Problem(400, "name is required", "name")
    if scopes is not None and not isinstance(scopes, list):
        raise Problem(400, INVALID_SCOPES, "scopes")
    if scopes and not {str(scope) for scope in scopes} <= asked.held:
        raise Problem(400, INVALID_SCOPES, "scopes")
    return name, None if scopes is None else [str(scope) for scope in scopes]


def _key(tenant: SendGridAccount, asked: Asked) -> Doc:
    found = tenant.stored["key"].get(str(asked.call.parts["id"]))
    if found is None:
        raise Problem(404, "unable to find API Key")
    return found


def get_key(tenant: SendGridAccount, asked: Asked) -> Answer:
    """Return one API key with its scopes, in a list of one."""
    key = _key(tenant, asked)
    return Answer(200, {"result": [_key_shown(key) | {"scopes": sorted(tenant.held(key))}]})


def rename_key(tenant: SendGridAccount, asked: Asked) -> Answer:
    """Give an API key another name."""
    name, _ = _key_body(asked)
    key = _key(tenant, asked) | {"name": name}
    tenant._put_key(key)
    return Answer(200, _key_shown(key))


def replace_key(tenant: SendGridAccount, asked: Asked) -> Answer:
    """Replace name and scopes of an API key."""
    name, scopes = _key_body(asked)
    if not scopes:
        raise Problem(400, "scopes must have at least one scope", "scopes")
    kept = [scope for scope in scopes if scope not in tenant.dialect.not_kept]
    key = _key(tenant, asked) | {"name": name, "scopes": kept}
    tenant._put_key(key)
    return Answer(200, _key_shown(key) | {"scopes": sorted(scopes)})


def delete_key(tenant: SendGridAccount, asked: Asked) -> Answer:
    """Revoke an API key."""
    tenant.stored["key"].remove(_key(tenant, asked)["api_key_id"])
    return Answer(204)


def _key_shown(key: Doc) -> Doc:
    return {"api_key_id": key["api_key_id"], "name": key["name"]}
