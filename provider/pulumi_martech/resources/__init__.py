"""The Pulumi face: what programs declare, and the handlers that the engine calls."""
