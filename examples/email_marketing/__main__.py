"""A marketing department from its access document; everything is said in access.yaml."""

from pulumi_martech import document

document.declare("access.yaml")
