"""An administrator's way in besides the APIs, over HTTP: what is done here is no API call.

Every request needs ``Authorization: Bearer <side token>``.

* ``GET /_side``: the tenants with their URLs and environment.
* ``GET /_side/log?tenant=crm&after=17``: the log of a tenant, or of all.
* ``PUT /_side/<tenant>`` with ``{"platform": "scim", ...switches}``: open or make a tenant.
* ``POST /_side/<tenant>/<verb>`` with the verb's arguments as a JSON object, e.g.
  ``POST /_side/crm/add_user {"login": "ana@example.com"}``: what the method of that name of the
  tenant does, with its result as the answer.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx
from pydantic_core import to_jsonable_python
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pulumi_martech.sandbox.tenant import Tenant

_COMMON_VERBS = ("fault", "clear_faults", "writes", "log", "calls", "mark", "environment")


class SideDoor:
    """The side door of one tenant, from another process.

    ``door = SideDoor(sandbox_url, side_token, "crm")``, then ``door("add_user", login=...)``.
    """

    def __init__(self, url: str, token: str, tenant: str) -> None:
        self._client = httpx.Client(
            base_url=f"{url}/_side/{tenant}/",
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
            trust_env=False,
        )

    def __call__(self, verb: str, **arguments: Any) -> Any:
        """Do ``verb``; raises ``ValueError`` with the sandbox's words if it cannot be done."""
        response = self._client.post(verb, json=arguments)
        if response.is_error:
            raise ValueError(response.json()["error"])
        return response.json()


def side_door_routes(
    token: str, tenants: Mapping[str, Tenant], opened: Callable[..., Tenant]
) -> list[Route]:
    """Return the routes of a side door.

    Args:
        token: what opens it.
        tenants: those that are open, by key.
        opened: opens a tenant or makes it, by key, platform and switches.
    """

    def guarded(
        do: Callable[[Request], Awaitable[Any]],
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            sent = request.headers.get("authorization", "")
            if not secrets.compare_digest(sent.encode(), f"Bearer {token}".encode()):
                return JSONResponse({"error": "the side door needs its own token"}, 401)
            try:
                return JSONResponse(to_jsonable_python(await do(request)))
            except (ValueError, TypeError) as error:
                return JSONResponse({"error": str(error)}, 400)

        return endpoint

    async def listed(request: Request) -> Any:
        return {
            tenant.key: {
                "platform": tenant.platform,
                "url": tenant.base_url,
                "environment": tenant.environment(),
            }
            for tenant in tenants.values()
        }

    async def log(request: Request) -> Any:
        wanted = request.query_params.get("tenant")
        after = int(request.query_params.get("after", "0"))
        entries = [
            entry
            for tenant in tenants.values()
            if wanted in (None, tenant.key)
            for entry in tenant.log(after)
        ]
        return sorted(entries, key=lambda entry: entry.number)

    async def open_tenant(request: Request) -> Any:
        switches = await request.json()
        tenant = opened(request.path_params["tenant"], switches.pop("platform", ""), **switches)
        return tenant.environment()

    async def do_verb(request: Request) -> Any:
        tenant = tenants.get(request.path_params["tenant"])
        if tenant is None:
            raise ValueError(f"this sandbox has no tenant {request.path_params['tenant']!r}")
        verb = request.path_params["verb"]
        if verb not in (*_COMMON_VERBS, *tenant.side_door):
            raise ValueError(f"the side door of {tenant.platform} has no verb {verb!r}")
        arguments = await request.json() if await request.body() else {}
        return getattr(tenant, verb)(**arguments)

    return [
        Route("/_side", guarded(listed), methods=["GET"]),
        Route("/_side/log", guarded(log), methods=["GET"]),
        Route("/_side/{tenant}", guarded(open_tenant), methods=["PUT"]),
        Route("/_side/{tenant}/{verb}", guarded(do_verb), methods=["POST"]),
    ]
