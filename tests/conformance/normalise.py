"""What differs from run to run is replaced; what depends on what is worked out."""

import json
import re

from tests.conformance.sandbox import Sandbox, serialised

SECRET_MARK = "[secret]"
UNKNOWN_MARK = "[unknown]"
UNKNOWN_IN_EVENTS = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"  # how the CLI spells an unknown string
SIGNATURE_KEY = "4dabf18193072939515e22adb298388d"

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
PROVIDER_TYPE = "pulumi:providers:"


# ------------------------------------------------------------------ normalising


class Normaliser:
    """Replaces what differs from run to run; remembers the ids of provider resources."""

    def __init__(self, sandbox: Sandbox):
        self.sandbox = sandbox
        self.provider_ids: dict[str, str] = {}
        self.providers = {
            serialised(sandbox.home, f"{kind}Provider"): f"<provider:{kind}Provider>"
            for kind in ("User", "Group", "Grant", "Invite", "Roster", "Gate")
        }

    def learn(self, value) -> None:
        """Find provider resources in any recorded value and give their ids stable names."""
        for urn, uuid in re.findall(
            rf"({re.escape('urn:pulumi:')}[^\"]*?::{PROVIDER_TYPE}[^\"]*?)::({UUID.pattern})",
            json.dumps(value),
        ):
            self._name(urn, uuid)
        self._learn_states(value)

    def _learn_states(self, value) -> None:
        if isinstance(value, dict):
            if str(value.get("type", "")).startswith(PROVIDER_TYPE) and UUID.fullmatch(
                value.get("id") or ""
            ):
                self._name(value["urn"], value["id"])
            for item in value.values():
                self._learn_states(item)
        elif isinstance(value, list):
            for item in value:
                self._learn_states(item)

    def _name(self, urn: str, uuid: str) -> None:
        if uuid == UNKNOWN_IN_EVENTS or uuid in self.provider_ids:
            return
        name = urn.split("::")[-1]
        number = 1 + sum(label.startswith(f"<id:{name}#") for label in self.provider_ids.values())
        self.provider_ids[uuid] = f"<id:{name}#{number}>"

    def text(self, text: str) -> str:
        """Normalise a string."""
        text = self.providers.get(text, text)
        text = text.replace(str(self.sandbox.work), "<work>").replace(
            str(self.sandbox.root), "<sandbox>"
        )
        text = text.replace(str(self.sandbox.home), "<toy>")
        text = text.replace(UNKNOWN_IN_EVENTS, UNKNOWN_MARK)
        return UUID.sub(lambda m: self.provider_ids.get(m[0], "<uuid>"), text)

    def value(self, value):
        """Normalise any JSON value."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            if SIGNATURE_KEY in value:
                if "plaintext" not in value:
                    return SECRET_MARK
                plaintext = self.plaintext(value["plaintext"])
                return {
                    SIGNATURE_KEY: value[SIGNATURE_KEY],
                    "ciphertext": SECRET_MARK,
                    "plaintext": plaintext,
                }
            return {key: self.value(item) for key, item in value.items()}
        return value

    def plaintext(self, text: str) -> str:
        """Normalise the JSON text inside a secret."""
        return json.dumps(self.value(json.loads(text)), sort_keys=True, ensure_ascii=False)

    def state(self, resource: dict) -> dict:
        """Normalise one resource of a deployment."""
        dropped = {"created", "modified", "sourcePosition", "stackTrace"}
        state = self.value({k: v for k, v in resource.items() if k not in dropped})
        if state.get("dependencies"):
            state["dependencies"].sort()  # sets, really
        for urns in (state.get("propertyDependencies") or {}).values():
            (urns or []).sort()
        return state


def deployment(export: dict, normaliser: Normaliser) -> dict:
    """Normalise the result of `stack export`; resources are sorted by urn."""
    inner = export["deployment"]
    result = {"version": export["version"], **{k: v for k, v in inner.items() if k != "manifest"}}
    if "secrets_providers" in result:
        result["secrets_providers"] = {"type": inner["secrets_providers"]["type"]}
    resources = inner.get("resources") or []
    check_order(resources)
    states = [normaliser.state(r) for r in resources]
    result["resources"] = sorted(
        states, key=lambda r: (r["urn"], bool(r.get("delete")), r.get("id", ""))
    )
    if inner.get("pending_operations"):
        pending = [
            {"type": p["type"], "resource": normaliser.state(p["resource"])}
            for p in inner["pending_operations"]
        ]
        result["pending_operations"] = sorted(
            pending, key=lambda p: (p["resource"]["urn"], p["type"])
        )
    if result.get("metadata") == {}:
        del result["metadata"]
    return result


def dependencies(resource: dict) -> set[str]:
    """Return the urns a resource of a deployment refers to."""
    found = set(resource.get("dependencies") or [])
    for urns in (resource.get("propertyDependencies") or {}).values():
        found.update(urns or [])
    for key in ("parent", "deletedWith"):
        if resource.get(key):
            found.add(resource[key])
    if resource.get("provider"):
        found.add(resource["provider"].rsplit("::", 1)[0])
    found.discard(resource["urn"])
    return found


def check_order(resources: list[dict]) -> None:
    """Make sure that a resource is there once, and after what it refers to."""
    living = [r["urn"] for r in resources if not r.get("delete")]
    if len(set(living)) != len(living):
        raise AssertionError(f"some are there twice: {sorted(living)}")
    present = {r["urn"] for r in resources}
    seen: set[str] = set()
    for resource in resources:
        missing = (dependencies(resource) & present) - seen
        if missing:
            raise AssertionError(f"{resource['urn']} comes before {sorted(missing)}")
        seen.add(resource["urn"])


class Graph:
    """What depends on what, directly or not."""

    def __init__(self, *exports: dict | None):
        self.direct: dict[str, set[str]] = {}
        self.urn_of_id: dict[str, set[str]] = {}
        for export in exports:
            for resource in (export or {}).get("deployment", {}).get("resources") or []:
                self.direct.setdefault(resource["urn"], set()).update(dependencies(resource))
                if resource.get("id"):
                    self.urn_of_id.setdefault(resource["id"], set()).add(resource["urn"])

    def depends(self, urn: str, other: str) -> bool:
        """Tell whether `urn` depends on `other`."""
        todo, seen = [urn], set()
        while todo:
            for dependency in self.direct.get(todo.pop(), ()):
                if dependency == other:
                    return True
                if dependency not in seen:
                    seen.add(dependency)
                    todo.append(dependency)
        return False
