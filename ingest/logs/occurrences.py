"""How often a line has come up in a file before, exactly and in bounded memory.

The n-th identical line of a file must get the same event id in every file, so identical lines have to be counted, in
files of any size and order. Identical lines have the same time, and servers write nearly in order: the counts of the
minutes met last stay in memory, those of earlier ones go to a temporary SQLite database on disk and are looked up there
if their minute comes up again. A log in order never looks anything up.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from datetime import datetime

IN_MEMORY = 200_000
"""Counts held in memory at most: about 25 MB."""


@dataclass(slots=True)
class _Minute:
    """The lines of one minute, by the number that stands for their content."""

    spilled: bool
    counts: dict[int, int] = field(default_factory=dict)


class Occurrences:
    """Counts for one file. Lines are told apart by a 64-bit number within their minute.

    Attributes:
        held: Counts in memory.
    """

    def __init__(self, in_memory: int = IN_MEMORY) -> None:
        self._in_memory = in_memory
        self.held = 0
        self._minutes: dict[int, _Minute] = {}
        self._disk: sqlite3.Connection | None = None

    def count(self, time: datetime, line: int) -> int:
        """How often this line, told by `line`, has come up with this one: 1 for the first."""
        if self.held >= self._in_memory:
            self._spill_half()
        minute = int(time.timestamp()) // 60
        held = self._minutes.get(minute) or self._opened(minute)
        before = held.counts.get(line)
        if before is None:
            self.held += 1
            before = self._on_disk(minute, line) if held.spilled else 0
        held.counts[line] = before + 1
        return before + 1

    def close(self) -> None:
        """Give the temporary file back."""
        if self._disk:
            self._disk.close()
            self._disk = None

    def _opened(self, minute: int) -> _Minute:
        held = self._minutes[minute] = _Minute(spilled=self._is_on_disk(minute))
        return held

    def _spill_half(self) -> None:
        """Write the minutes opened first to disk, until half of the room is free."""
        if self._disk is None:
            self._disk = sqlite3.connect("")  # a private file that vanishes with the connection
            self._disk.execute("CREATE TABLE seen (minute, line, n, PRIMARY KEY (minute, line)) WITHOUT ROWID")
        while self.held > self._in_memory // 2 and self._minutes:
            minute = next(iter(self._minutes))
            counts = self._minutes.pop(minute).counts
            rows = ((minute, _signed(line), count) for line, count in counts.items())
            self._disk.executemany("INSERT OR REPLACE INTO seen VALUES (?, ?, ?)", rows)
            self.held -= len(counts)

    def _is_on_disk(self, minute: int) -> bool:
        found = self._disk and self._disk.execute("SELECT 1 FROM seen WHERE minute = ? LIMIT 1", (minute,)).fetchone()
        return bool(found)

    def _on_disk(self, minute: int, line: int) -> int:
        assert self._disk
        row = self._disk.execute("SELECT n FROM seen WHERE minute = ? AND line = ?", (minute, _signed(line))).fetchone()
        return row[0] if row else 0


def _signed(number: int) -> int:
    """SQLite's integers have a sign."""
    return number - (1 << 63)
