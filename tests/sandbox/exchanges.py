"""Recorded conversations with a product, and how to hold them with another server.

A conversation is a list of exchanges: who asks (``as``), method, path, body, and what was answered
(status, the headers that mean something, body). ``python exchanges.py FILE URL ...`` holds the
questions of FILE with a running product and writes its answers into FILE.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

import httpx

HEADERS = ("allow", "etag", "link", "location", "www-authenticate", "x-wp-total", "x-wp-totalpages")
VOLATILE = {
    "created",
    "lastModified",
    "registered_date",
    "last_used",
    "last_ip",
    "password",
    "uuid",
}
"""Fields whose value is another one each time: only that they are there is compared."""


def load(name: str) -> list[dict[str, Any]]:
    """Return the conversation stored in ``data/<name>.json``."""
    text = (Path(__file__).parent / "data" / f"{name}.json").read_text()
    exchanges: list[dict[str, Any]] = json.loads(text)
    return exchanges


class Caller:
    """Holds a conversation; remembers ids and application passwords that answers gave."""

    def __init__(self, url: str, headers: dict[str, str], login: tuple[str, str] | None) -> None:
        self.client = httpx.Client(base_url=url, timeout=20)
        self.headers = headers
        self.logins = {"admin": login, "wrong": (login[0], "no such password")} if login else {}
        self.known: dict[str, str] = {}

    def ask(self, exchange: dict[str, Any]) -> httpx.Response:
        """Send the question of ``exchange`` and remember what later questions need."""
        who = exchange.get("as", "admin")
        headers = dict(exchange.get("send", {}))
        auth = self.logins.get(who)
        if who == "admin":
            headers |= self.headers
        elif who == "stranger":
            headers["Authorization"] = "Bearer nobody" if self.headers else "Basic bm86bm8="
        body = exchange.get("body")
        content = body if isinstance(body, str) else None if body is None else json.dumps(body)
        if content is not None:
            content = self.fill(content)
            headers.setdefault("Content-Type", "application/json")
        response = self.client.request(
            exchange["method"],
            self.fill(exchange["path"]),
            content=content,
            headers=headers,
            auth=auth,
        )
        if "remember" in exchange and response.is_success:
            self.known[exchange["remember"]] = str(response.json()["id"])
        if "login" in exchange and response.is_success:
            self.logins[exchange["login"]] = (exchange["login"], response.json()["password"])
        return response

    def fill(self, text: str) -> str:
        """Put remembered ids in the place of ``<name>``."""
        for name, value in self.known.items():
            text = text.replace(f"<{name}>", value)
        return text

    def plain(self, value: Any, key: str = "") -> Any:
        """Return ``value`` with this server's address, ids and times replaced by their names."""
        if isinstance(value, dict):
            return {k: self.plain(v, k) for k, v in value.items()}
        if key in VOLATILE and value is not None:
            return f"<{key}>"
        if isinstance(value, list):
            return [self.plain(item) for item in value]
        if isinstance(value, str):
            value = value.replace(str(self.client.base_url).rstrip("/"), "<url>")
            for name, known in self.known.items():
                if len(known) > 8:
                    value = value.replace(known, f"<{name}>")
            value = re.sub(r'W/"[0-9a-f]+"', 'W/"<version>"', value)
            value = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uuid>", value)
        return value

    def answer(self, response: httpx.Response) -> dict[str, Any]:
        """Return what is compared of an answer: status, headers that mean something, body."""
        said: dict[str, Any] = {"status": response.status_code}
        headers = {h: self.plain(response.headers[h]) for h in HEADERS if h in response.headers}
        if "api.w.org" in headers.get("link", ""):
            links = [part for part in headers["link"].split(", ") if "api.w.org" not in part]
            headers["link"] = ", ".join(links)
        said["headers"] = {name: value for name, value in headers.items() if value}
        if response.content:
            said["answer"] = self.plain(response.json())
        return said


def record(name: str, url: str, headers: dict[str, str], login: tuple[str, str] | None) -> None:
    """Ask a running product all questions of a conversation and store its answers."""
    caller = Caller(url, headers, login)
    exchanges = load(name)
    for exchange in exchanges:
        exchange["then"] = caller.answer(caller.ask(exchange))
    path = Path(__file__).parent / "data" / f"{name}.json"
    lines = ",\n".join(json.dumps(exchange, ensure_ascii=False) for exchange in exchanges)
    path.write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    conversation, address, secret = sys.argv[1:4]
    if ":" in secret:
        user, password = secret.split(":", 1)
        record(conversation, address, {}, (user, password))
    else:
        record(conversation, address, {"Authorization": f"Bearer {secret}"}, None)
