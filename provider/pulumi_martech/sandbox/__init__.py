"""The platforms' APIs on loopback, faithful to the dialect, with faults and a side door."""

from pulumi_martech.sandbox.faults import Fault
from pulumi_martech.sandbox.log import Entry
from pulumi_martech.sandbox.serve import serve
from pulumi_martech.sandbox.server import PLATFORMS, Sandbox
from pulumi_martech.sandbox.side_door import SideDoor
from pulumi_martech.sandbox.tenant import Credentials, Tenant

__all__ = ["PLATFORMS", "Credentials", "Entry", "Fault", "Sandbox", "SideDoor", "Tenant", "serve"]
