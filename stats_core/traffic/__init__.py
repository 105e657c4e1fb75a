"""Traffic: sessions folded from events, daily rollups, and the websites they belong to."""
