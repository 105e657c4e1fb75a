"""Web server logs into events: any number of files, in bounded memory, and again without counting anything twice.

Every line read ends up in one of four counts: lines = stored + duplicates + left out + refused. Chunks of lines are
stored in transactions of their own; an import that was broken off adds the rest when it is run again.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from io import BufferedReader
from pathlib import Path

from ingest.logs.events import EventReader
from ingest.logs.files import LogFile
from ingest.logs.lines import Lines
from ingest.logs.options import ImportOptions
from ingest.logs.reasons import LeftOut, Refused
from ingest.store import store_events
from stats_core.database import Database
from stats_core.errors import NotFoundError
from stats_core.models import Website
from stats_core.traffic.sessions import Event

CHUNK = 20_000  # lines between two transactions and between two calls of on_progress
MAX_NUMBERS = 1_000  # line numbers kept per file and reason; the counts are exact

__all__ = ["FileReport", "ImportOptions", "ImportReport", "Progress", "RefusedLines", "import_logs"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import has come.

    Attributes:
        file: The file at hand.
        position: Bytes of it read, compressed ones where it is compressed.
        size: Its bytes; null for standard input.
        lines: Lines read of all files.
        stored: Events stored of all files.
    """

    file: str
    position: int
    size: int | None
    lines: int
    stored: int


@dataclass(frozen=True, slots=True)
class RefusedLines:
    """Lines of a file that could not be read for one reason.

    Attributes:
        numbers: Line numbers from 1, the first `MAX_NUMBERS` of them.
    """

    count: int
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FileReport:
    """What one file held.

    Attributes:
        fault: Why reading ended before the file did; null where all was read.
    """

    name: str
    lines: int
    refused: Mapping[Refused, RefusedLines]
    fault: str | None


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of all lines.

    Attributes:
        stored: Events that are new.
        duplicates: Events that were there already.
        left_out: Lines that are no pages a person saw, by reason.
        refused: Lines that could not be read, by reason; their numbers are in `files`.
        first, last: Times of the first and last event of the logs, new or not; null where there is none.
        days: Website and local day of everything that changed: to be rolled up again.
        seconds: How long it took.
    """

    website_id: str
    files: tuple[FileReport, ...]
    stored: int
    duplicates: int
    left_out: Mapping[LeftOut, int]
    refused: Mapping[Refused, int]
    first: datetime | None
    last: datetime | None
    days: frozenset[tuple[str, date]]
    seconds: float

    @property
    def lines(self) -> int:
        """Lines read of all files."""
        return sum(file.lines for file in self.files)


def import_logs(
    database: Database,
    website: str,
    paths: Sequence[str | Path],
    *,
    secret: bytes,
    options: ImportOptions | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    stdin: BufferedReader | None = None,
    timer: Callable[[], float] = time.perf_counter,
) -> ImportReport:
    """Store the pages that people saw, as the logs at `paths` tell, with their sessions.

    Args:
        database: Where the website's events are stored.
        website: Its id.
        paths: Files of the common or combined format, plain or compressed; `-` is standard input. The order of files
            and lines does not matter.
        secret: The key of visitor hashes and event ids; with another one the same lines are other events.
        options: What counts; pages that browsers got, by default.
        on_progress: Called about every `CHUNK` lines and at the end of each file.
        stdin: What `-` reads; the process's own by default.
        timer: Seconds, for `seconds` of the report.

    Raises:
        NotFoundError: There is no such website, or no such file. Nothing was stored.
        ExpectedError: A file cannot be read. Nothing was stored.
        SourceUnavailableError: The database went away. What was stored until then stays.
    """
    started = timer()
    site = _website(database, website)
    files = [LogFile(path, stdin) for path in paths]
    work = _Import(database, site, secret, options or ImportOptions(), on_progress)
    reports = tuple(work.read(file) for file in files)
    return ImportReport(
        website_id=site.id,
        files=reports,
        stored=work.stored,
        duplicates=work.duplicates,
        left_out=dict(work.left_out),
        refused=_totals(reports),
        first=work.first,
        last=work.last,
        days=frozenset(work.days),
        seconds=timer() - started,
    )


def _website(database: Database, website_id: str) -> Website:
    with database.read() as session:
        site = session.get(Website, website_id)
    if site is None:
        raise NotFoundError("website", website_id, path="website", hint="Add it with `workbench website add DOMAIN`.")
    return site


def _totals(reports: Iterable[FileReport]) -> dict[Refused, int]:
    totals: Counter[Refused] = Counter()
    for report in reports:
        totals.update({reason: lines.count for reason, lines in report.refused.items()})
    return dict(totals)


@dataclass(slots=True)
class _Refusals:
    """Refused lines of one file so far."""

    counts: Counter[Refused] = field(default_factory=Counter)
    numbers: dict[Refused, list[int]] = field(default_factory=dict)

    def add(self, reason: Refused, number: int) -> None:
        self.counts[reason] += 1
        if self.counts[reason] <= MAX_NUMBERS:
            self.numbers.setdefault(reason, []).append(number)

    def report(self) -> dict[Refused, RefusedLines]:
        return {reason: RefusedLines(count, tuple(self.numbers[reason])) for reason, count in self.counts.items()}


class _Import:
    """One import at work: what it has stored, and what is waiting for the next transaction."""

    def __init__(
        self,
        database: Database,
        site: Website,
        secret: bytes,
        options: ImportOptions,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self._database, self._site, self._secret, self._options = database, site, secret, options
        self._on_progress = on_progress
        self._waiting: list[Event] = []
        self._lines = 0
        self.stored = self.duplicates = 0
        self.left_out: Counter[LeftOut] = Counter()
        self.first: datetime | None = None
        self.last: datetime | None = None
        self.days: set[tuple[str, date]] = set()

    def read(self, file: LogFile) -> FileReport:
        """Read and store one file."""
        refusals, number = _Refusals(), 0
        with self._reader() as reader:
            lines = Lines(file.blocks())
            for number, line in enumerate(lines, 1):
                outcome = reader.read(line)
                if lines.unfinished and (file.fault or reader.lacks_fields(line)):
                    outcome = Refused.TRUNCATED
                if isinstance(outcome, Event):
                    self._waiting.append(outcome)
                elif isinstance(outcome, LeftOut):
                    self.left_out[outcome] += 1
                else:
                    refusals.add(outcome, number)
                if number % CHUNK == 0:
                    self._store(file, CHUNK)
        self._store(file, number % CHUNK)
        return FileReport(file.name, number, refusals.report(), file.fault)

    def _reader(self) -> EventReader:
        own = (self._site.domain, *self._site.allowed_hostnames)
        return EventReader(
            self._site.id,
            self._secret,
            own_hosts=own,
            allowed_hosts=own if self._site.allowed_hostnames else (),
            options=self._options,
        )

    def _store(self, file: LogFile, lines: int) -> None:
        """Store what is waiting, after so many more lines were read."""
        events, self._waiting = self._waiting, []
        self._lines += lines
        if events:
            with self._database.write() as session:
                report = store_events(session, events)
            self.stored += report.stored
            self.duplicates += report.duplicates
            self.days |= report.days
            times = [event.timestamp for event in events]
            self.first = min(times if self.first is None else (self.first, *times))
            self.last = max(times if self.last is None else (self.last, *times))
        if self._on_progress:
            self._on_progress(Progress(file.name, file.position, file.size, self._lines, self.stored))
