"""What an answer, or its absence, lets one conclude."""

import socket
import ssl

import httpx

from pulumi_martech.model.errors import (
    AlreadyExists,
    Denied,
    MartechError,
    NotThere,
    QuotaExhausted,
    Refused,
    Uncertain,
    Unreachable,
)
from pulumi_martech.transport.reply import Reply

CONNECT_ATTEMPTS = 3
"""A wrong name or a stopped server should be told soon; a hiccup is over by the third attempt."""

NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.InvalidURL,
)
NEVER_DONE = frozenset({501, 505})
"""Server errors that say that the request was not understood, so nothing was carried out."""


class Again(Exception):
    """The request may be sent again; ``error`` is what it comes to if it is not.

    ``wait`` is in seconds where the server said so, ``attempts`` lowers the usual number.
    """

    def __init__(
        self, error: MartechError, wait: float | None = None, attempts: int | None = None
    ) -> None:
        self.error, self.wait, self.attempts = error, wait, attempts
        super().__init__()


def no_answer(
    error: Exception, tried: str, reads: bool, safe: bool, url: httpx.URL
) -> MartechError | Again:
    """Return what it means that ``error`` came instead of an answer."""
    where = f"{url.scheme}://{url.netloc.decode('ascii', 'replace')}"
    if isinstance(error, NOT_SENT):
        said, todo, passing = _no_connection(error)
        unreachable = Unreachable(tried, f"{where} {said}", "nothing was sent", todo)
        return Again(unreachable, attempts=CONNECT_ATTEMPTS) if passing else unreachable
    slow = isinstance(error, httpx.TimeoutException)
    said = f"{where} {'did not answer in time' if slow else 'cut the connection'}"
    missing = _missing(tried, said, reads)
    return Again(missing) if safe else missing


def too_slow(tried: str, reads: bool, deadline: float) -> MartechError:
    """Return what it means that the answer was not complete at the deadline."""
    return _missing(tried, f"the answer was not complete after {deadline:g} s", reads)


def throttled(reply: Reply, tried: str, wait: float | None) -> QuotaExhausted:
    """Return the error for too many calls."""
    when = f"in {wait:.0f} s" if wait else "later"
    said = f"too many calls (answered {reply.status}: {reply.words()})"
    return QuotaExhausted(tried, said, "nothing was done", f"try again {when}", retry_after=wait)


def redirect(reply: Reply) -> httpx.URL | None:
    """Return where a redirecting answer leads, ``None`` if it does not."""
    if reply.status not in (301, 302, 303, 307, 308):
        return None
    return reply.location()


def refused(
    reply: Reply, tried: str, reads: bool, safe: bool, wait: float | None
) -> MartechError | Again:
    """Return what an answer that is no success means by the general rules.

    Args:
        reply: the answer.
        tried: words for errors.
        reads: the request writes nothing.
        safe: it may be sent twice.
        wait: seconds after which a 503 asks for a repeat, if it does.
    """
    status, code = reply.status, reply.code()
    said = (
        f"the server answered {status} ({reply.words()})"
        if reply.words()
        else f"the server answered {status}"
    )
    if (target := redirect(reply)) is not None:
        said = f"the server answered {status}, which leads to {target.scheme}://{target.netloc.decode()}{target.path}"
        if status == 303 and not reads:
            return Uncertain(
                tried, said, "it may have been carried out", "read before repeating it"
            )
        return Refused(tried, said, "it was not followed", "correct the account's url", status)
    if status == 401:
        todo = "check the account's credential"
        return Denied(tried, said, "the credential was not accepted", todo, status, code)
    if status == 403:
        todo = "give the credential's owner the right, or use another credential"
        return Denied(tried, said, "the credential lacks a right for this", todo, status, code)
    if status in (404, 410):
        return NotThere(tried, said, "nothing was done", "", status, code)
    if status == 409 and not reads:
        return AlreadyExists(tried, said, "nothing was done", "", status, code)
    if (status < 500 and status != 408) or status in NEVER_DONE:
        return Refused(tried, said, "nothing was done", "", status, code)
    if reads or status == 408 or wait is not None:
        failed: MartechError = Refused(
            tried, said, "nothing was done", "try again later", status, code
        )
    else:
        failed = Uncertain(tried, said, "it may have been carried out", "read before repeating it")
    return Again(failed, wait) if safe or wait is not None else failed


def _missing(tried: str, said: str, reads: bool) -> MartechError:
    if reads:
        return Unreachable(tried, said, "nothing was read", "try again later")
    return Uncertain(tried, said, "it may have been carried out", "read before repeating it")


def _certificate(error: ssl.SSLCertVerificationError) -> tuple[str, str]:
    """Return what is wrong with a certificate (X509_V_ERR_* of OpenSSL), and what to do."""
    todo = {
        9: "check the clock of this machine",
        10: "have the certificate renewed there",
        62: "check the url: another host answers there",
        64: "check the url: another host answers there",
    }.get(error.verify_code, "check the url, or give SSL_CERT_FILE the issuer's certificate")
    return f"has a certificate that is not trusted ({error.verify_message.rstrip('.')})", todo


def _no_connection(error: Exception) -> tuple[str, str, bool]:
    """Return what is wrong, what to do, and whether it may pass."""
    causes: list[BaseException] = [error]
    while (below := causes[-1].__cause__ or causes[-1].__context__) and below not in causes:
        causes.append(below)
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return *_certificate(cause), False
        if isinstance(cause, ssl.SSLError):
            return "does not speak TLS as expected", "check the url and its port", False
        if isinstance(cause, socket.gaierror):
            return "is a name that was not found", "check the url and the network", True
        if isinstance(cause, ConnectionRefusedError):
            return "refused the connection", "check the url and whether the server runs", True
    if isinstance(error, httpx.TimeoutException):
        return "did not take the connection in time", "check the url and the network", True
    if isinstance(error, httpx.ProxyError):
        return "was not reached, the proxy refused", "check HTTPS_PROXY and NO_PROXY", True
    if isinstance(error, httpx.ConnectError):
        return "was not reached", "check the url and the network", True
    return "cannot be sent this request", "check the url and the values sent", False
