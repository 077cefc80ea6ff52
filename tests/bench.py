"""The figures of docs/performance.md: ``make bench`` (everything), or name some of them.

    python tests/bench.py [calls] [inviting] [hanging] [noop] [first-up] [memory] [help] [document]
                          [engine] [declaring] [looking]
    python tests/bench.py engine --json

Each figure is measured against a sandbox on this machine; with `pulumi` on PATH the engines are
measured in one run, one after the other. Times are medians; machines are noisy, so compare ratios.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from pulumi_martech.model.leaving import Leaving
from pulumi_martech.operations.hanging import look
from pulumi_martech.platforms.registry import connect
from pulumi_martech.reconcile import shape, users
from pulumi_martech.reconcile.session import Session
from pulumi_martech.sandbox import Sandbox
from scale import documents, measure

BIN = Path(sys.executable).parent
LARGE = Path(__file__).parent / "document" / "large.py"
PROGRAM = """
    import os
    from pulumi_martech import Bearer, limits, Limit, {platform}
    limits(removals=Limit(count=10_000), stack_removals=Limit(count=10_000))
    crm = {platform}.Account(
        "crm", url=os.environ["CRM_URL"], credentials=Bearer(token="env:CRM_TOKEN")
    )
    for n in range(int(os.environ["USERS"])):
        {platform}.MartechUser(
            f"u{{n:05}}", account=crm, login=f"u{{n:05}}@example.com", roles=["{role}"], {named}
        )
"""
ROLES = {"hubspot": "Editors", "scim": "Editors", "sendgrid": "mail.send"}
NAMED = {"hubspot": 'first_name=f"User {n}"', "scim": 'display_name=f"User {n}"', "sendgrid": ""}


def seed(tenant, users):
    """Put so many people into a tenant, each as `PROGRAM` declares it."""
    logins = [f"u{n:05}@example.com" for n in range(users)]
    if tenant.platform == "hubspot":
        tenant.add_users(
            {"email": login, "first_name": f"User {n}", "role": "Editors"}
            for n, login in enumerate(logins)
        )
    elif tenant.platform == "sendgrid":
        tenant.add_teammates({"email": login, "scopes": ["mail.send"]} for login in logins)
    else:
        tenant.add_users(
            {"userName": login, "displayName": f"User {n}", "active": True}
            for n, login in enumerate(logins)
        )
        tenant.set_members("Editors", logins)


def engines():
    return ["embedded", *(["pulumi"] if shutil.which("pulumi") else [])]


@contextmanager
def estate(engine, users, seeded, platform="scim"):
    """A project of so many users in a folder of its own, and a tenant that has them or not."""
    with tempfile.TemporaryDirectory() as folder, Sandbox() as sandbox:
        root = Path(folder)
        tenant = sandbox.tenant("crm", platform)
        if platform == "scim":
            tenant.add_role("Editors")
        if platform == "hubspot":
            tenant.add_permission_set("Editors")
        if seeded:
            seed(tenant, users)
        (root / "state").mkdir()
        (root / "Pulumi.yaml").write_text("name: bench\nruntime: python\n")
        program = PROGRAM.format(platform=platform, role=ROLES[platform], named=NAMED[platform])
        (root / "__main__.py").write_text(textwrap.dedent(program))
        environment = {
            **os.environ,
            **tenant.environment(),
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "USERS": str(users),
            "PULUMI_CONFIG_PASSPHRASE": "bench",
            "PULUMI_HOME": str(root / "home"),
            "PULUMI_BACKEND_URL": f"file://{root / 'state'}",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }

        def martech(*words):
            began = time.monotonic()
            done = subprocess.run(
                [BIN / "martech", *words], cwd=root, env=environment, capture_output=True, text=True
            )
            if done.returncode:
                raise SystemExit(f"martech {' '.join(words)} failed:\n{done.stdout}\n{done.stderr}")
            return time.monotonic() - began, done.stdout

        martech("stack", "init", "bench", "--engine", engine)
        yield tenant, martech


def calls():
    """Calls of each phase for a directory of 1,000 declared users, by path."""
    print("| platform | engine | phase | calls | which |\n|---|---|---|---|---|")
    phases = (
        ("up, all there already", ["up", "--yes"]),
        ("refresh", ["refresh"]),
        ("preview", ["preview"]),
        ("up, nothing to do", ["up", "--yes"]),
    )
    for platform in ROLES:
        for engine in engines():
            with estate(engine, 1000, seeded=True, platform=platform) as (tenant, martech):
                for phase, words in phases:
                    mark = tenant.mark()
                    martech(*words)
                    counted = {path: n for path, n in tenant.calls(mark).items() if n}
                    total = sum(counted.values())
                    print(
                        f"| {platform} | {engine} | {phase} | {total:,} | {counted} |", flush=True
                    )


class VirtualClock:
    """Time that passes only by waiting, beginning with the next minute of the day."""

    def __init__(self):
        self.passed, self.start = 0.0, (time.time() // 60 + 1) * 60

    def now(self):
        return self.start + self.passed

    def monotonic(self):
        return self.passed

    def sleep(self, seconds):
        self.passed += seconds


def inviting():
    """200 people made or invited and read back under the platforms' limits, on a virtual clock."""
    print("| platform | limits | seconds | calls | refused for now |\n|---|---|---|---|---|")
    limits = (
        ("hubspot", {"limited": True, "plan": "enterprise"}, "190 in 10 s, 5 searches a second"),
        ("hubspot", {"limited": True, "plan": "starter"}, "100 in 10 s, 5 searches a second"),
        ("sendgrid", {"per_minute": 600}, "600 a minute"),
        ("sendgrid", {"per_minute": 150}, "150 a minute"),
    )
    for platform, switches, said in limits:
        with tempfile.TemporaryDirectory() as folder, Sandbox() as sandbox:
            tenant, clock = sandbox.tenant("crm", platform, **switches), VirtualClock()
            tenant.clock, tenant.tell_time = clock.monotonic, clock.now
            if platform == "hubspot":
                tenant.add_permission_set("Editors")
            os.environ.update(tenant.environment())
            made = partial(connect, clock=clock)
            session = Session(tenant.account(), Path(folder), made, clock)
            roles = {} if switches.get("plan") == "starter" else {ROLES[platform]: True}
            for n in range(200):
                entry = {"roles": roles}  # below Enterprise there are no permission sets
                wish = shape.wish(session, f"u{n:03}@example.com", entry)
                assert users.create(session, f"u{n:03}", wish, adopt=False).how == "made"
            refused = sum(entry.status == 429 for entry in tenant.log())
            total = sum(tenant.calls().values())
            print(f"| {platform} | {said} | {clock.passed:.0f} | {total} | {refused} |", flush=True)


def noop():
    """No-op preview and refresh of 1,000 users on one account."""
    for engine in engines():
        with estate(engine, 1000, seeded=True) as (_, martech):
            martech("up", "--yes")
            for verb in (["preview"], ["refresh"]):
                times = [martech(*verb)[0] for _ in range(3)]
                print(f"| {engine} | {verb[0]} of 1,000 | {statistics.median(times):.1f} s |")


def first_up():
    """First `up` of 300 users."""
    for engine in engines():
        with estate(engine, 300, seeded=False) as (tenant, martech):
            seconds, out = martech("up", "--yes", "--json")
            applying = json.loads(out)["phases"]
            made = sum(1 for entry in tenant.writes() if entry.method == "POST")
            print(f"| {engine} | {seconds:.1f} s | {made} creates | {applying} |")


def memory():
    """Peak memory of a process that holds a directory of 10,000 users."""
    with Sandbox() as sandbox:
        tenant = sandbox.tenant("crm", "scim", page_cap=1000)
        tenant.add_role("Editors")
        logins = [f"u{n:05}@example.com" for n in range(10_000)]
        tenant.add_users(
            {"userName": login, "displayName": login, "active": True} for login in logins
        )
        tenant.set_members("Editors", logins)
        code = textwrap.dedent(
            f"""
            import resource
            from pulumi_martech.model.account import AccountConfig
            from pulumi_martech.reconcile.session import SESSIONS
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            account = {tenant.account().model_dump_json()!r}
            session = SESSIONS.get(AccountConfig.model_validate_json(account))
            found = len(session.listing().members())
            after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            print(f"| {{found}} users | {{before >> 10}} MB before | {{after >> 10}} MB peak |")
            """
        )
        with tempfile.TemporaryDirectory() as home:
            environment = {**os.environ, **tenant.environment(), "MARTECH_HOME": home}
            subprocess.run([sys.executable, "-c", code], env=environment, check=True)


def help_():
    """`martech --help` against `python -c pass`, in pairs."""

    def once(*words):
        began = time.monotonic()
        subprocess.run(words, check=True, capture_output=True)
        return time.monotonic() - began

    ratios, helps, passes = [], [], []
    for _ in range(11):
        helps.append(once(BIN / "martech", "--help"))
        passes.append(once(sys.executable, "-c", "pass"))
        ratios.append(helps[-1] / passes[-1])
    print(
        f"| martech --help {statistics.median(helps):.3f} s | python -c pass "
        f"{statistics.median(passes):.3f} s | median ratio {statistics.median(ratios):.1f} |"
    )


def hanging():
    """What hangs on 20 people who go: calls, from ids that a state holds."""
    print("| platform | calls | seconds |\n|---|---|---|")
    for platform in ("hubspot", "scim", "sendgrid", "wordpress"):
        with Sandbox() as sandbox:
            tenant = sandbox.tenant("one", platform)
            os.environ.update(tenant.environment())
            for n in range(20):
                add = tenant.add_teammate if platform == "sendgrid" else tenant.add_user
                add(f"u{n:02}@example.com")
            connector = connect(tenant.account())
            found = {one.login: one.id for one in connector.directory().memberships}
            people = [
                Leaving(account="one", person=login, login=login, id=id_, verb="remove")
                for login, id_ in found.items()
                if login.startswith("u")
            ]
            mark, began = tenant.mark(), time.monotonic()
            look(people, {"one": tenant.account()}, {})
            seconds = time.monotonic() - began
            print(f"| {platform} | {sum(tenant.calls(mark).values())} | {seconds:.1f} |")


def document():
    """An access document of 10,000 people and 50,000 grants, and 3 and 10 times that."""
    code = textwrap.dedent(
        """
        import resource, sys, time
        from datetime import date
        from pathlib import Path
        from pulumi_martech.cli import main
        from pulumi_martech.document.compile import compile_access
        from pulumi_martech.document.load import load
        file, size = sys.argv[1:]
        began = time.process_time()
        if sys.stdin.read() == "check":
            assert main(["check", file, "--as-of", "2026-11-01"]) == 0
            what = "martech check, policies included"
        else:
            access = load(Path(file)).access
            read, began = time.process_time() - began, time.process_time()
            made = len(compile_access(access, date(2026, 11, 1)).declarations)
            what = f"read in {read:.1f} s, then compile to {made} resources"
        spent = time.process_time() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        print(f"| {size} times | {what} | {spent:.1f} s | {peak} MB |", file=sys.stderr)
        """
    )
    print("| size | what | CPU | peak |\n|---|---|---|---|", flush=True)
    environment = {**os.environ, "MARTECH_DOCUMENT_LIMIT": "200"}
    with tempfile.TemporaryDirectory() as folder:
        for size in ("1", "3", "10"):
            file = Path(folder) / f"{size}.yaml"
            subprocess.run([sys.executable, LARGE, file, size], check=True)
            for what in ("check", "compile"):
                subprocess.run(
                    [sys.executable, "-c", code, file, size],
                    input=what,
                    text=True,
                    stdout=subprocess.DEVNULL,
                    env=environment,
                    check=True,
                )


def engine():
    """The embedded engine itself, without any platform."""
    measure.show(as_json=False)


def declaring():
    """A document of 10,000 people who are all there: first `up`, then nothing to do."""
    print("| accounts | phase | CPU | wall | memory |\n|---|---|---|---|---|")
    for accounts in (["a"], ["a", "b"]):
        for phase, run in documents.phases(10_000, accounts).items():
            print(
                f"| {len(accounts)} | {phase} | {run.cpu:.1f} s | {run.wall:.1f} s "
                f"| {run.memory:.0f} MB |",
                flush=True,
            )


def looking():
    """An `up` that updates 300 resources: with a look at the lock before each call, and without."""
    from scale import looking

    for line in looking.figures():
        print(line, flush=True)


FIGURES = {
    "calls": calls,
    "inviting": inviting,
    "hanging": hanging,
    "noop": noop,
    "first-up": first_up,
    "memory": memory,
    "help": help_,
    "document": document,
    "engine": engine,
    "declaring": declaring,
    "looking": looking,
}


def main():
    if sys.argv[1:] == ["engine", "--json"]:
        return measure.show(as_json=True)
    wanted = sys.argv[1:] or list(FIGURES)
    if not FIGURES.keys() >= set(wanted):
        sys.exit(__doc__.strip())
    for name in wanted:
        print(f"\n## {FIGURES[name].__doc__}\n", flush=True)
        FIGURES[name]()


if __name__ == "__main__":
    main()
