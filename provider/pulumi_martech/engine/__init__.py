"""Runs a Pulumi program on the real `pulumi` or on the embedded engine."""
