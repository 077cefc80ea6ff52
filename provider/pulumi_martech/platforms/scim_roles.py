"""What SCIM groups mean in capabilities: nothing is known beside what a person declares.

A group is a name and members (scim.md [S]); the product behind it decides what a group allows, and
no two products agree, so that there are no rights to translate and no group that stands for a
portable role by itself.
"""

from pulumi_martech.model.rolemap import RoleMap

ROLES = RoleMap(known="declared")
"""SCIM's role map: capabilities are named by people, on the account or a `RoleReference`."""
