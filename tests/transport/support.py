"""A clock that costs no time, and a server that misbehaves."""

import ipaddress
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class VirtualClock:
    """Time that passes only by waiting."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self._lock = threading.Lock()
        self.start = now
        self.passed = 0.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.start + self.passed

    def monotonic(self) -> float:
        return 1_000.0 + self.passed

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self.passed += seconds


@dataclass
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Wire:
    """A server that plays one act for each connection, the last one again and again."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    connections: int = 0


Act = Callable[[socket.socket, Wire], None]


@contextmanager
def serving(*acts: Act, tls: ssl.SSLContext | None = None) -> Iterator[Wire]:
    """Play ``acts`` on a free port of the loopback."""
    wire = Wire()
    listener = socket.create_server(("127.0.0.1", 0))
    wire.url = f"http{'s' if tls else ''}://127.0.0.1:{listener.getsockname()[1]}"
    threads: list[threading.Thread] = []

    def play(connection: socket.socket, act: Act) -> None:
        with suppress(OSError), connection:
            if tls:
                connection = tls.wrap_socket(connection, server_side=True)
            act(connection, wire)
            connection.close()

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.settimeout(5)
            act = acts[min(wire.connections, len(acts) - 1)]
            wire.connections += 1
            threads.append(threading.Thread(target=play, args=(connection, act), daemon=True))
            threads[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield wire
    finally:
        # Closing alone does not wake a thread that waits in accept().
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in (accepting, *threads):
            thread.join(5)


def read_request(connection: socket.socket, wire: Wire) -> Request:
    """Read one whole request and put it down."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            raise OSError("the client went away")
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65536)
    method, target, _ = first.split(" ")
    request = Request(method, target, headers, body)
    wire.requests.append(request)
    return request


def reset(connection: socket.socket) -> None:
    """Cut the connection so that the other side notices at once."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def cut_before_reading(connection: socket.socket, wire: Wire) -> None:
    # Cut at once, the client would see that it never got a connection.
    time.sleep(0.05)
    reset(connection)


def cut_after_reading(connection: socket.socket, wire: Wire) -> None:
    read_request(connection, wire)
    reset(connection)


def answer(body: bytes, status: str = "200 OK", headers: str = "", length: int = -1) -> Act:
    """Answer with ``body``; claim another ``length`` to have it cut off."""

    def act(connection: socket.socket, wire: Wire) -> None:
        read_request(connection, wire)
        size = len(body) if length < 0 else length
        head = f"HTTP/1.1 {status}\r\nContent-Length: {size}\r\nConnection: close\r\n{headers}\r\n"
        connection.sendall(head.encode() + body)

    return act


def endless(chunk: bytes) -> Act:
    """Answer with a chunked body that does not end before the client hangs up."""

    def act(connection: socket.socket, wire: Wire) -> None:
        read_request(connection, wire)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")

    return act


def silent(release: threading.Event) -> Act:
    """Read the request and say nothing until ``release`` is set."""

    def act(connection: socket.socket, wire: Wire) -> None:
        read_request(connection, wire)
        release.wait(10)

    return act


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def self_signed(folder: Path, *, days: int = 1, name: str = "127.0.0.1") -> ssl.SSLContext:
    """Return a server's TLS with a certificate that nobody vouches for; writes it to ``folder``."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=10))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(name))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret = folder / "server.key"
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, secret)
    return context
