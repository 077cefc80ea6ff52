"""The HTTP client kit all connectors share: auth, paging, rate limits, retries, redaction."""

from pulumi_martech.transport.auth import authentication
from pulumi_martech.transport.client import ApiClient
from pulumi_martech.transport.clock import SYSTEM_CLOCK, Clock
from pulumi_martech.transport.credentials import resolve
from pulumi_martech.transport.paging import (
    Page,
    cursor_pages,
    link_pages,
    number_pages,
    offset_pages,
    start_index_pages,
)
from pulumi_martech.transport.redaction import Redactor
from pulumi_martech.transport.reply import Reply
from pulumi_martech.transport.tally import Counts

__all__ = [
    "SYSTEM_CLOCK",
    "ApiClient",
    "Clock",
    "Counts",
    "Page",
    "Redactor",
    "Reply",
    "authentication",
    "cursor_pages",
    "link_pages",
    "number_pages",
    "offset_pages",
    "resolve",
    "start_index_pages",
]
