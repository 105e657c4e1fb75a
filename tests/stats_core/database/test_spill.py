"""How much of a transaction an SQLite writer keeps in memory."""

from __future__ import annotations

from sqlalchemy import text

from stats_core.database.sqlite import SPILL_KIB


def test_a_writer_keeps_many_changed_pages_in_memory_but_not_all(sqlite_database):
    with sqlite_database.write() as session:
        pages = session.scalar(text("PRAGMA cache_spill"))
        page_bytes = session.scalar(text("PRAGMA page_size"))
    # 0 would mean no limit: SQLite takes some numbers for "off". A page takes somewhat more memory than its own size.
    assert 0.9 * SPILL_KIB * 1024 < pages * page_bytes <= SPILL_KIB * 1024
