"""Models, catalog, operations and the resolver: what a number is and how it is computed. Start at `composition`."""
