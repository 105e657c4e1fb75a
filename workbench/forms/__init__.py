"""Forms as values: what can be asked of an operation and of a panel, field by field; no screen is known here."""
