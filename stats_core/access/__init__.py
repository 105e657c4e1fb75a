"""Who may come in: permissions, and the tokens that carry them."""
