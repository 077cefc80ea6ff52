"""The server: all tenants under one address, faults on the way, a log of what happened."""

import asyncio
import importlib
import json
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, overload

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from pulumi_martech.sandbox.certificate import Certificate, make_certificate
from pulumi_martech.sandbox.faults import HTML, Fault, FaultKind, spoil
from pulumi_martech.sandbox.log import Entry, Log
from pulumi_martech.sandbox.side_door import side_door_routes
from pulumi_martech.sandbox.store import Store
from pulumi_martech.sandbox.tenant import Answer, Call, Tenant, new_secret

if TYPE_CHECKING:
    from pulumi_martech.sandbox.hubspot import HubSpotTenant
    from pulumi_martech.sandbox.scim import ScimTenant
    from pulumi_martech.sandbox.sendgrid import SendGridTenant
    from pulumi_martech.sandbox.wordpress import WordPressTenant

PLATFORMS = {
    "hubspot": "pulumi_martech.sandbox.hubspot:HubSpotTenant",
    "scim": "pulumi_martech.sandbox.scim:ScimTenant",
    "sendgrid": "pulumi_martech.sandbox.sendgrid:SendGridTenant",
    "wordpress": "pulumi_martech.sandbox.wordpress:WordPressTenant",
}
"""Where each platform's tenant class is; imported when the first tenant of it is opened."""

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class Sandbox:
    """Platforms' APIs on loopback over real HTTP.

    Args:
        path: file that keeps everything; ``None`` keeps it in memory only.
        port: port on loopback; 0 takes a free one.
        certificate: ``none`` serves plain HTTP, anything else HTTPS with a certificate that no
            client should trust.

    A context manager that serves in a background thread; `serve_forever` for a process of its own.
    """

    def __init__(
        self, path: Path | None = None, port: int = 0, *, certificate: Certificate = "none"
    ) -> None:
        self._store = Store(path)
        self._log = Log(self._store)
        self._certificate = certificate
        # With its protocol named, or asyncio leaves Nagle on and each answer takes 40 ms.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        scheme = "http" if certificate == "none" else "https"
        self.url = f"{scheme}://127.0.0.1:{self._socket.getsockname()[1]}"
        self.side_token = self._own_side_token()
        self.tenants: dict[str, Tenant] = {}
        for key, platform, dialect in self._store.query("SELECT * FROM tenants ORDER BY key"):
            self._open(key, platform, json.loads(dialect))
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    # -- tenants ---------------------------------------------------------

    @overload
    def tenant(
        self, key: str, platform: Literal["hubspot"], **switches: Any
    ) -> "HubSpotTenant": ...
    @overload
    def tenant(self, key: str, platform: Literal["scim"], **switches: Any) -> "ScimTenant": ...
    @overload
    def tenant(
        self, key: str, platform: Literal["sendgrid"], **switches: Any
    ) -> "SendGridTenant": ...
    @overload
    def tenant(
        self, key: str, platform: Literal["wordpress"], **switches: Any
    ) -> "WordPressTenant": ...
    @overload
    def tenant(self, key: str, platform: str, **switches: Any) -> Tenant: ...
    def tenant(self, key: str, platform: str, **switches: Any) -> Tenant:
        """Open a tenant, or make it; ``switches`` are those of the platform's dialect.

        An open tenant keeps the switches that are not named. Raises ``ValueError`` for an unknown
        platform or switch, or if the tenant is one of another platform.
        """
        if platform not in PLATFORMS:
            raise ValueError(f"no platform {platform!r}; there are {', '.join(PLATFORMS)}")
        known = self.tenants.get(key)
        if known is not None and known.platform != platform:
            raise ValueError(f"tenant {key} is one of {known.platform}, not of {platform}")
        dialect = (known.dialect.model_dump() if known else {}) | switches
        with self._store.transaction():
            tenant = self._open(key, platform, dialect)
            self._store.write(
                "INSERT INTO tenants VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET"
                " dialect = excluded.dialect",
                key,
                platform,
                tenant.dialect.model_dump_json(),
            )
        return tenant

    def _open(self, key: str, platform: str, dialect: dict[str, Any]) -> Tenant:
        module, _, name = PLATFORMS[platform].partition(":")
        kind: type[Tenant] = getattr(importlib.import_module(module), name)
        switches = kind.dialect_model.model_validate(dialect)
        if key in self.tenants:
            self.tenants[key].dialect = switches
        else:
            self.tenants[key] = kind(self._store, self._log, key, self.url, switches)
        return self.tenants[key]

    def writes(self, tenant: str, after: int = 0) -> list[Entry]:
        """Return the requests to a tenant that asked for a change."""
        return self._log.entries(tenant, after, writes=True)

    def _own_side_token(self) -> str:
        rows = self._store.query("SELECT doc FROM objects WHERE tenant = '' AND kind = 'secret'")
        if rows:
            return str(rows[0][0])
        token = new_secret()
        self._store.write(
            "INSERT INTO objects (tenant, kind, id, doc) VALUES ('', 'secret', 'side', ?)", token
        )
        return token

    # -- serving ---------------------------------------------------------

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Serve in a background thread; returns when requests are answered."""
        app = Starlette(
            routes=[
                *side_door_routes(self.side_token, self.tenants, self.tenant),
                Route("/{tenant}/{rest:path}", self._serve, methods=_METHODS),
            ]
        )
        with self._certificate_files() as files:
            config = uvicorn.Config(
                app,
                http=_Protocol,
                loop="asyncio",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_keep_alive=60,
                timeout_graceful_shutdown=1,
                **files,
            )
            config.load()
        self._server = server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=server.run, kwargs={"sockets": [self._socket]}, name="sandbox", daemon=True
        )
        self._thread.start()
        while not server.started:
            self._thread.join(0.005)
            if not self._thread.is_alive():
                raise RuntimeError(f"the sandbox could not serve at {self.url}")

    def stop(self) -> None:
        """Stop serving; what is in the file stays."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(10)
        self._socket.close()
        self._store.close()

    def serve_forever(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serve until SIGTERM or Ctrl-C; ``ready`` is called once requests are answered.

        Must be called from the main thread.
        """
        done = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: done.set())
        with self:
            ready()
            while not done.wait(0.5):
                pass

    @contextmanager
    def _certificate_files(self) -> Iterator[dict[str, Any]]:
        if self._certificate == "none":
            yield {}
            return
        with tempfile.TemporaryDirectory() as folder:
            cert, key = make_certificate(self._certificate, Path(folder))
            yield {"ssl_certfile": str(cert), "ssl_keyfile": str(key)}

    # -- one request -----------------------------------------------------

    async def _serve(self, request: Request) -> ASGIApp:
        tenant = self.tenants.get(request.path_params["tenant"])
        if tenant is None:
            return PlainTextResponse("There is no such tenant in this sandbox.\n", 404)
        path = "/" + request.path_params["rest"]
        struck = tenant.faults.striking(request.method, path)
        latency = struck.get("latency")
        if latency is not None and latency.when == "before":
            await asyncio.sleep(latency.seconds)
        host = request.headers.get("host", "")
        call = Call(
            method=request.method,
            root=f"{request.url.scheme}://{host}/{tenant.key}",
            path=path,
            query=request.query_params,
            headers=request.headers,
            body=await request.body(),
            keep=struck["short"].keep if "short" in struck else None,
            endless="endless" in struck,
        )
        answer = self._carry_out(tenant, call, struck)
        if latency is not None and latency.when != "before":
            await asyncio.sleep(latency.seconds)
        return _reply(tenant, answer, struck)

    def _carry_out(
        self, tenant: Tenant, call: Call, struck: dict[FaultKind, Fault]
    ) -> Answer | None:
        """Let the platform do what is asked, as far as the faults let it, and log it."""
        route, handlers, parts = tenant.routes.find(call.path)
        call.parts.update(parts)
        stopped = [fault for kind in ("status", "cut") if (fault := struck.get(kind)) is not None]
        answer: Answer | None = None
        committed = False
        if not any(fault.when == "before" for fault in stopped):
            with self._store.transaction() as transaction:
                answer = tenant.answer(call, handlers)
                if answer.status >= 400 or "dropped" in struck:
                    transaction.undo()
            committed = transaction.changed and not transaction.undone
        shown = answer.status if answer is not None else None
        if "status" in struck:
            shown = struck["status"].status
        self._log.add(
            tenant.key,
            call.method,
            call.path,
            route=route,
            query=str(call.query),
            body=call.body,
            status=None if "cut" in struck else shown,
            committed=committed,
            fault=", ".join(sorted(struck)),
        )
        return answer


def _reply(tenant: Tenant, answer: Answer | None, struck: dict[FaultKind, Fault]) -> ASGIApp:
    """Return what goes over the wire."""
    cut = struck.get("cut")
    if cut is not None and cut.when != "during":
        return _Cut()
    failure = struck.get("status")
    if failure is not None:
        answer = tenant.failure(failure.status)
        answer.headers.update(tenant.come_back(failure))
    assert answer is not None  # noqa: S101 (only a cut or a status fault leaves none)
    if "html" in struck:
        return Response(HTML, struck["html"].status, media_type="text/html")
    content = spoil(answer.content(), struck)
    if cut is not None:
        return _Cut(content, answer)
    response = Response(content, answer.status, headers=answer.headers)
    if answer.body is None:
        if answer.status == 204:
            del response.headers["content-length"]
    else:
        response.headers["content-type"] = answer.media_type
    return response


class _Cut:
    """An answer that is not given, or only half of it: the connection is closed instead."""

    def __init__(self, content: bytes = b"", answer: Answer | None = None) -> None:
        self._content, self._answer = content, answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._answer is not None:
            length = str(max(len(self._content), 2)).encode()
            headers = [
                (b"content-type", self._answer.media_type.encode()),
                (b"content-length", length),
            ]
            start = {"type": "http.response.start", "status": self._answer.status}
            await send(start | {"headers": headers})
            half = self._content[: len(self._content) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
        scope["close_connection"]()
        while (await receive())["type"] != "http.disconnect":
            pass


class _Protocol(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, with a way for the application to hang up."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        app = self.app

        async def with_connection(scope: Any, receive: Any, send: Any) -> None:
            scope["close_connection"] = self.transport.close
            await app(scope, receive, send)

        self.app = with_connection
