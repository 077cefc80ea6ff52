"""The access document: YAML in, values out, with the place of everything; compiles to resources."""
