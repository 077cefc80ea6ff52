"""One module a verb: what `martech` does, apart from parsing and printing."""
