"""What access is: pure values, no I/O, no Pulumi."""
