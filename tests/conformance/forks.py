"""Runs commands of the embedded engine in forks of one process that has imported everything.

A command in a process of its own spends nearly all of its time on imports and on the key of the
passphrase. A fork is a process like any other: it has its own modules, working directory and
environment, it can be killed, and it ends with the command's exit code.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

if __name__ != "__main__":
    from tests.passphrase import PASSPHRASE, SALT


class Forks:
    """The process that forks; started with the first command, ended with this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._address = ""

    def start(self, args: list[str], cwd: Path, env: dict[str, str]) -> "Fork":
        """Begin a command."""
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self._serving())
        fork = Fork(args, connection)
        request = {"args": args, "cwd": str(cwd), "env": env, "files": fork.files}
        connection.sendall(json.dumps(request).encode() + b"\n")
        fork.pid = int(fork.read())
        return fork

    def _serving(self) -> str:
        with self._lock:
            if not self._address:
                folder = tempfile.mkdtemp(prefix="forks-")
                self._address = f"{folder}/socket"
                process = subprocess.Popen(
                    [sys.executable, "-P", __file__, self._address, PASSPHRASE, SALT],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                )
                assert process.stdout is not None
                assert process.stdout.readline() == b"ready\n"
            return self._address


class Fork:
    """One command."""

    def __init__(self, args: list[str], connection: socket.socket):
        self.args = args
        self.pid = 0
        self.files = [tempfile.mktemp(prefix="forks-") for _ in range(2)]
        self._connection = connection
        self._lines = connection.makefile("r")

    def read(self) -> str:
        """Return the next line of the forking process."""
        return self._lines.readline()

    def wait(self) -> subprocess.CompletedProcess:
        """Wait for the end."""
        code = int(self.read() or -signal.SIGKILL)
        self._lines.close()
        self._connection.close()
        texts = []
        for name in self.files:
            texts.append(Path(name).read_text(encoding="utf-8") if os.path.exists(name) else "")
            with contextlib.suppress(OSError):
                os.unlink(name)
        return subprocess.CompletedProcess(self.args, code, *texts)


# ------------------------------------------------------------------ the process that forks


def _serve(address: str, passphrase: str, salt: str) -> None:
    from pulumi_martech.engine.embedded import cli, operations, packs  # noqa: F401 - imported once
    from pulumi_martech.engine.embedded.crypter import Crypter

    os.environ["PULUMI_CONFIG_PASSPHRASE"] = passphrase
    Crypter(salt).encrypt("")  # derives the key, once
    server = socket.socket(socket.AF_UNIX)
    server.bind(address)
    server.listen()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    threading.Thread(target=_end, args=(address,), daemon=True).start()
    print("ready", flush=True)
    while True:
        connection, _ = server.accept()
        if os.fork() == 0:
            server.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _attend(connection)
            os._exit(0)
        connection.close()


def _end(address: str) -> None:
    sys.stdin.read()  # until the other process has ended
    shutil.rmtree(os.path.dirname(address), ignore_errors=True)
    os._exit(0)


def _attend(connection: socket.socket) -> None:
    request = json.loads(connection.makefile("r").readline())
    pid = os.fork()
    if pid == 0:
        connection.close()
        _become(request)
    connection.sendall(b"%d\n" % pid)
    _, status = os.waitpid(pid, 0)
    connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))


def _become(request: dict) -> None:
    for number, name in enumerate(request["files"], 1):
        handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(handle, number)
        os.close(handle)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    sys.path[0:0] = [p for p in request["env"].get("PYTHONPATH", "").split(os.pathsep) if p]
    sys.dont_write_bytecode = bool(request["env"].get("PYTHONDONTWRITEBYTECODE"))
    code = 70
    try:
        from pulumi_martech.engine.embedded.cli import main

        code = main(request["args"])
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve(*sys.argv[1:])
