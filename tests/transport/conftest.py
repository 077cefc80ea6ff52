from collections.abc import Callable
from typing import Any

import httpx
import pytest

from pulumi_martech.transport import ApiClient, Redactor
from tests.transport.support import VirtualClock

Answering = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def redactor() -> Redactor:
    return Redactor()


@pytest.fixture
def client_of(clock: VirtualClock, redactor: Redactor) -> Callable[..., ApiClient]:
    """A client of account crm whose server is a function, on virtual time."""

    def make(answering: Answering, auth: httpx.Auth | None = None, **more: Any) -> ApiClient:
        return ApiClient(
            "https://crm.example/api",
            auth,
            account="crm",
            redactor=redactor,
            clock=clock,
            transport=httpx.MockTransport(answering),
            **more,
        )

    return make
