"""The embedded engine against recorded behaviour of the real one."""
