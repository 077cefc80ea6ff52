"""What really happens on sockets: cut, slow, endless, garbled and badly certified answers."""

import gzip
import json
import threading
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from pulumi_martech.model.errors import Denied, Malformed, Uncertain, Unreachable
from pulumi_martech.transport import SYSTEM_CLOCK, ApiClient, Redactor
from tests.transport.support import (
    VirtualClock,
    answer,
    cut_after_reading,
    cut_before_reading,
    endless,
    free_port,
    self_signed,
    serving,
    silent,
)

CREATE = "create user ana in account crm"
PEOPLE = answer(json.dumps([{"id": 1}]).encode())


def client(url: str, **more: Any) -> ApiClient:
    more = {"clock": VirtualClock(), "timeout": 2.0} | more
    return ApiClient(url, None, account="crm", redactor=Redactor(), **more)


@pytest.mark.parametrize("cut", [cut_before_reading, cut_after_reading])
def test_a_read_survives_a_cut_connection(cut: Any) -> None:
    with serving(cut, cut, PEOPLE) as wire, client(wire.url) as crm:
        assert crm.get("/users", tried="list users").json() == [{"id": 1}]
        assert crm.counts.retries == 2
        assert crm.counts.calls == {"GET": 3}


@pytest.mark.parametrize("cut", [cut_before_reading, cut_after_reading])
def test_a_create_is_sent_once_when_the_connection_is_cut(cut: Any) -> None:
    with serving(cut, PEOPLE) as wire, client(wire.url) as crm:
        with pytest.raises(Uncertain, match=r"create user ana in account crm.* cut the connection"):
            crm.post("/users", tried=CREATE, json={"login": "ana"})
        assert wire.connections == 1


def test_a_whole_value_is_put_again_when_the_connection_is_cut() -> None:
    with serving(cut_after_reading, PEOPLE) as wire, client(wire.url) as crm:
        crm.put("/users/1", tried="change ana", json={"a": 1}, safe=True)
        assert [request.body for request in wire.requests] == [b'{"a":1}', b'{"a":1}']


def test_a_read_that_is_always_cut_says_that_nothing_was_read() -> None:
    with (
        serving(cut_after_reading) as wire,
        client(wire.url) as crm,
        pytest.raises(Unreachable, match="cut the connection; nothing was read"),
    ):
        crm.get("/users", tried="list users")
    assert len(wire.requests) == 5


def test_a_server_that_is_not_there_is_told_soon_even_for_a_create() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    clock = VirtualClock()
    with (
        client(url, clock=clock) as crm,
        pytest.raises(Unreachable, match="refused the connection; nothing was sent; check the url"),
    ):
        crm.post("/users", tried=CREATE, json={})
    assert crm.counts.calls == {"POST": 3}
    assert clock.passed < 5


def test_a_name_that_does_not_exist() -> None:
    with (
        client("https://crm.invalid") as crm,
        pytest.raises(Unreachable, match=r"https://crm\.invalid is a name that was not found"),
    ):
        crm.get("/users", tried="list users")


def test_a_slow_answer_to_a_create_leaves_open_whether_it_was_done() -> None:
    release = threading.Event()
    with serving(silent(release)) as wire:
        with (
            client(wire.url, timeout=0.2) as crm,
            pytest.raises(Uncertain, match="did not answer in time; it may have been carried out"),
        ):
            crm.post("/users", tried=CREATE, json={})
        release.set()
    assert len(wire.requests) == 1


def test_a_body_of_10_megabytes_is_not_read_to_its_end() -> None:
    with serving(answer(b'"' + b"x" * 10_000_000 + b'"')) as wire, client(wire.url) as crm:
        with pytest.raises(Malformed, match=r"list users: .*more than 5,000,000 bytes"):
            crm.get("/users", tried="list users")
        with pytest.raises(Uncertain, match="may have been carried out"):
            crm.post("/users", tried=CREATE, json={})
        assert len(wire.requests) == 2


def test_an_error_page_of_10_megabytes_is_still_an_error_of_its_status() -> None:
    page = b"<html><title>No</title>" + b"x" * 10_000_000
    with (
        serving(answer(page, "403 Forbidden")) as wire,
        client(wire.url) as crm,
        pytest.raises(Denied, match="an HTML page, title 'No'"),
    ):
        crm.get("/users", tried="list users")


def test_a_chunked_body_without_end_stops_at_the_limit() -> None:
    with (
        serving(endless(b"[1,2]" * 2_000)) as wire,
        client(wire.url, max_bytes=200_000) as crm,
        pytest.raises(Malformed, match="more than 200,000 bytes"),
    ):
        crm.get("/users", tried="list users")
    assert len(wire.requests) == 1


def test_a_dripping_body_ends_at_the_deadline() -> None:
    def drip(connection: Any, wire: Any) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(200):
            connection.sendall(b"1\r\n \r\n")
            time.sleep(0.05)

    began = time.monotonic()
    with serving(drip) as wire, client(wire.url, deadline=0.4, clock=SYSTEM_CLOCK) as crm:
        with pytest.raises(Unreachable, match=r"was not complete after 0\.4 s"):
            crm.get("/users", tried="list users")
        with pytest.raises(Uncertain):
            crm.post("/users", tried=CREATE, json={})
    assert time.monotonic() - began < 5


def test_a_small_compressed_body_cannot_fill_the_memory() -> None:
    bomb = gzip.compress(b"x" * 60_000_000)
    tracemalloc.start()
    with (
        serving(answer(bomb, headers="Content-Encoding: gzip\r\n")) as wire,
        client(wire.url, max_bytes=100_000) as crm,
        pytest.raises(Malformed, match="more than 100,000 bytes"),
    ):
        crm.get("/users", tried="list users")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 400_000_000, f"{peak:,} bytes"


def test_a_body_that_is_not_as_compressed_as_it_says() -> None:
    with (
        serving(answer(b"[plain]", headers="Content-Encoding: gzip\r\n")) as wire,
        client(wire.url) as crm,
        pytest.raises(Malformed, match="cannot be decompressed"),
    ):
        crm.get("/users", tried="list users")


def test_json_that_is_cut_off_by_the_server_is_malformed() -> None:
    with (
        serving(answer(b'[{"id": 1}, {"id"')) as wire,
        client(wire.url) as crm,
        pytest.raises(Malformed, match="17 bytes that are no whole JSON"),
    ):
        crm.get("/users", tried="list users").json()


def test_json_that_is_cut_off_by_the_network_is_read_again() -> None:
    broken = answer(b'[{"id": 1}, {"id"', length=500)
    with serving(broken, PEOPLE) as wire, client(wire.url) as crm:
        assert crm.get("/users", tried="list users").json() == [{"id": 1}]
    with serving(broken, PEOPLE) as wire, client(wire.url) as crm, pytest.raises(Uncertain):
        crm.post("/users", tried=CREATE, json={})
    assert len(wire.requests) == 1


def test_a_certificate_nobody_vouches_for_is_named_and_not_tried_again(tmp_path: Path) -> None:
    with serving(PEOPLE, tls=self_signed(tmp_path)) as wire, client(wire.url) as crm:
        with pytest.raises(Unreachable, match=r"certificate .*not trusted \(self.signed"):
            crm.post("/users", tried=CREATE, json={"secret": 1})
        assert wire.connections == 1
    assert not wire.requests


def test_an_expired_certificate_is_named(tmp_path: Path, monkeypatch: Any) -> None:
    tls = self_signed(tmp_path, days=-1)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    with (
        serving(PEOPLE, tls=tls) as wire,
        client(wire.url) as crm,
        pytest.raises(Unreachable, match="certificate has expired"),
    ):
        crm.get("/users", tried="list users")


def test_a_certificate_of_another_host_is_named(tmp_path: Path, monkeypatch: Any) -> None:
    tls = self_signed(tmp_path, name="127.0.0.9")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    with (
        serving(PEOPLE, tls=tls) as wire,
        client(wire.url) as crm,
        pytest.raises(Unreachable, match=r"certificate is not valid for '127\.0\.0\.1'"),
    ):
        crm.get("/users", tried="list users")


def test_the_issuer_of_a_company_can_be_trusted(tmp_path: Path, monkeypatch: Any) -> None:
    tls = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    with serving(PEOPLE, tls=tls) as wire, client(wire.url) as crm:
        assert crm.get("/users", tried="list users").json() == [{"id": 1}]


def test_http_spoken_on_a_tls_address() -> None:
    def plain(connection: Any, wire: Any) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with (
        serving(plain) as wire,
        client(wire.url.replace("http:", "https:")) as crm,
        pytest.raises(Unreachable, match="does not speak TLS"),
    ):
        crm.get("/users", tried="list users")


def test_eight_threads_share_one_client() -> None:
    with serving(PEOPLE) as wire, client(wire.url) as crm:
        threads = [
            threading.Thread(
                target=lambda: [crm.get("/users", tried="list users").json() for _ in range(10)]
            )
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert crm.counts.calls == {"GET": 80}
        assert len(wire.requests) == 80


def test_cookies_of_a_server_are_not_sent_back() -> None:
    with serving(answer(b"[]", headers="Set-Cookie: session=1; Path=/\r\n")) as wire:
        with client(wire.url) as crm:
            crm.get("/users", tried="list users")
            crm.get("/users", tried="list users")
        assert len(wire.requests) == 2
        assert "cookie" not in wire.requests[1].headers


def test_a_proxy_of_the_environment_is_not_asked_for_loopback(monkeypatch: Any) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    with serving(PEOPLE) as wire, client(wire.url) as crm:
        assert crm.get("/users", tried="list users").status == 200
