"""Certificates that a process trusts, read once for all that trust the same.

A process of the product makes one session, a test run thousands, and reading all certificates takes
longer than most tests. A test that trusts others (``SSL_CERT_FILE``) still gets its own.
"""

import os
import ssl
from functools import cache

import httpx

_READ = httpx.create_ssl_context


def read_once() -> ssl.SSLContext:
    """Return the context for what is trusted now."""
    return _of(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@cache
def _of(file: str | None, folder: str | None) -> ssl.SSLContext:
    return _READ()
