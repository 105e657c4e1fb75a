"""From options to SQLAlchemy Core: joins, filters, ranges, buckets, aggregates. Nothing is executed here."""
