"""The way of traffic into the database: agents, referrers, visitors, server logs, and the store."""
