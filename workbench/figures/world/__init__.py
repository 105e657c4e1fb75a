"""The countries of the world: outlines, names and codes."""
