"""A real WordPress from Debian's packages on a free loopback port."""

import contextlib
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.real import debian
from tests.real.keeper import Kept, Unavailable, answers, free_port, wait

HERE = Path(__file__).parent
PACKAGES = ("mariadb-server-core", "mariadb-client-core", "php-mysql", "php-cli", "wordpress")
LEFT_OUT = ("apache", "libapache", "libapr", "liblua", "libjs-", "libconfig-inifiles", "default-")
"""The web server and what only its pages need."""
EXTENSIONS = ("mysqlnd", "mysqli", "ctype", "tokenizer", "iconv", "fileinfo", "exif")


@dataclass(frozen=True)
class WordPress:
    """A running site.

    ``api`` is the base of its REST API (``.../wp-json``), ``username`` and ``password`` the
    administrator's name and application password.
    """

    origin: str
    username: str
    password: str

    @property
    def api(self) -> str:
        """Return the base URL of the REST API."""
        return f"{self.origin}/wp-json"

    def administrator(self) -> httpx.Client:
        """Return a plain client with the administrator's credentials, to act by hand."""
        return httpx.Client(
            base_url=f"{self.api}/wp/v2", auth=(self.username, self.password), timeout=30
        )

    def reset(self) -> None:
        """Remove everybody but the administrator."""
        with self.administrator() as client:
            while True:
                users = client.get("/users", params={"context": "edit", "per_page": 100}).json()
                others = [user["id"] for user in users if user["username"] != self.username]
                if not others:
                    return
                with ThreadPoolExecutor(4) as pool:
                    list(pool.map(lambda id_: _remove(client, id_), others))


def _remove(client: httpx.Client, id_: int) -> None:
    client.delete(f"/users/{id_}", params={"force": "true", "reassign": 1}).raise_for_status()


def install() -> Path:
    """Unpack WordPress, PHP and MariaDB in the cache if they are not there; return the folder.

    Raises `Unavailable` with the reason.
    """
    root = debian.cache_folder("wordpress")
    if (root / "complete").exists():
        return root
    root.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix="wordpress-", dir=root.parent)) / "root"
    try:
        debian.unpack(PACKAGES, LEFT_OUT, fresh)
        _lay_out(fresh)
        missing = _missing_libraries(fresh)
        if missing:
            raise Unavailable(f"unpacked programs lack libraries: {', '.join(missing)}")
        (fresh / "complete").touch()
        with contextlib.suppress(OSError):  # another process was faster
            fresh.rename(root)
    finally:
        shutil.rmtree(fresh.parent, ignore_errors=True)
    return root


@contextlib.contextmanager
def running() -> Iterator[WordPress]:
    """Start a new site with one administrator, and end it with all its processes.

    Raises `Unavailable` if WordPress is not installed: nothing is downloaded here.
    """
    root = debian.cache_folder("wordpress")
    if not (root / "complete").exists():
        raise Unavailable("WordPress is not installed (python tests/real/install.py gets it)")
    with (
        tempfile.TemporaryDirectory(prefix="martech-wp-") as name,
        contextlib.ExitStack() as ending,
    ):
        yield _Start(root, Path(name), ending).site()


class _Start:
    """The steps from unpacked packages to a site that answers."""

    def __init__(self, root: Path, work: Path, ending: contextlib.ExitStack) -> None:
        self.root, self.work, self.ending = root, work, ending
        self.socket, self.pages = work / "db.sock", root / "site"
        self.origin = f"http://127.0.0.1:{free_port()}"
        self.env = {
            **os.environ,
            "LD_LIBRARY_PATH": _libraries(root),
            "LC_ALL": "C.UTF-8",
            # A database that starts sweeps #sql* out of its temporary folder: those of others too.
            "TMPDIR": str(work),
            "PHP_CLI_SERVER_WORKERS": "4",
            "MARTECH_TEST_CONFIG": str(HERE / "wordpress_config.php"),
            "MARTECH_TEST_SITE": str(self.pages),
            "MARTECH_TEST_DB": str(self.socket),
            "MARTECH_TEST_ORIGIN": self.origin,
            "MARTECH_TEST_SALT": secrets.token_urlsafe(24),
        }

    def site(self) -> WordPress:
        self._database()
        boot = self._run("php", [*self._php(), HERE / "wordpress_boot.php"])
        password = boot.rpartition("password=")[2].strip()
        if not password:
            raise Unavailable(f"WordPress was not installed: {boot.strip()[-300:]}")
        address = self.origin.removeprefix("http://")
        server = [*self._php(), "-S", address, "-t", self.pages, HERE / "wordpress_router.php"]
        kept = self._keep("php", server)
        wait(lambda: answers(f"{self.origin}/wp-json/"), kept)
        return WordPress(self.origin, "admin", password)

    def _database(self) -> None:
        data, user = self.work / "db", pwd.getpwuid(os.geteuid()).pw_name
        usr = self.root / "usr"
        self._run(
            "mariadb-install-db",
            [
                *(usr / "bin" / "mariadb-install-db", "--no-defaults", f"--basedir={usr}"),
                *(f"--datadir={data}", f"--user={user}", "--skip-test-db"),
                "--auth-root-authentication-method=normal",
            ],
        )
        server = [
            *(usr / "sbin" / "mariadbd", "--no-defaults", f"--basedir={usr}", f"--datadir={data}"),
            *(f"--user={user}", "--skip-networking", f"--socket={self.socket}"),
            *(f"--lc-messages-dir={usr}/share/mysql", f"--plugin-dir={usr}/lib/mysql/plugin"),
            *("--innodb-flush-log-at-trx-commit=0", f"--pid-file={self.work}/db.pid"),
        ]
        kept = self._keep("mariadbd", server)
        create = [
            *(usr / "bin" / "mariadb", "--no-defaults", "-uroot", f"--socket={self.socket}"),
            *("-e", "create database if not exists wp"),
        ]
        wait(lambda: not subprocess.run(create, env=self.env, capture_output=True).returncode, kept)

    def _php(self) -> list[str | Path]:
        program = next((self.root / "usr" / "bin").glob("php[0-9].[0-9]"))
        modules = next((self.root / "usr" / "lib" / "php").glob("20*"))
        loaded = [f"-dextension={name}" for name in EXTENSIONS]
        paths = [f"-dextension_dir={modules}", f"-dinclude_path=.:{self.root}/usr/share/php"]
        faster = [
            "-dzend_extension=opcache",
            "-dopcache.enable=1",
            "-dopcache.validate_timestamps=0",
        ]
        return [
            program,
            "-n",
            *paths,
            *loaded,
            *(faster if (modules / "opcache.so").exists() else []),
        ]

    def _run(self, what: str, command: list[str | Path]) -> str:
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=120)
        if done.returncode:
            raise Unavailable(f"{what} failed: {(done.stderr or done.stdout).strip()[-300:]}")
        return done.stdout

    def _keep(self, name: str, command: list[str | Path]) -> Kept:
        kept = Kept(command, self.work / f"{name}.log", self.env)
        self.ending.callback(kept.end)
        return kept


def _lay_out(root: Path) -> None:
    """Put the site's files together: Debian spreads them over three folders."""
    site = root / "site"
    shutil.copytree(root / "usr/share/wordpress", site, symlinks=True)
    for link in site.rglob("*"):
        if link.is_symlink() and not link.exists():
            link.unlink()
    (site / "wp-config.php").unlink(missing_ok=True)
    (site / "wp-config.php").write_text("<?php require getenv('MARTECH_TEST_CONFIG');\n")
    for source, target in (
        ("var/lib/wordpress/wp-content", "wp-content"),
        ("usr/share/php/getid3", "wp-includes/ID3"),
    ):
        if (root / source).is_dir():
            shutil.copytree(root / source, site / target, dirs_exist_ok=True)


def _libraries(root: Path) -> str:
    folders = {str(path.parent) for path in (root / "usr" / "lib").glob("*/*.so*")}
    return ":".join(sorted(folders))


def _missing_libraries(root: Path) -> list[str]:
    programs = [root / "usr/sbin/mariadbd", *(root / "usr/bin").glob("php[0-9].[0-9]")]
    env = {**os.environ, "LD_LIBRARY_PATH": _libraries(root)}
    shown = subprocess.run(["ldd", *programs], env=env, capture_output=True, text=True).stdout
    return [line.split()[0] for line in shown.splitlines() if "not found" in line]
