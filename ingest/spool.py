"""Files that keep events while the database is away: appended and flushed, read in order, deleted once they are stored.

Each writer appends to a file of its own, which it holds locked. A file that nobody holds was left by a process that has
ended, or grew too long: whoever locks it may read it. A crash between storing a file and deleting it has it stored
again, which event ids make harmless.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from io import BufferedReader, FileIO
from itertools import count, islice
from pathlib import Path
from threading import Lock

from ingest.arrivals import Arrival, pack, unpack

LONGEST = 16 * 1024 * 1024  # bytes of a file; after a crash, at most about as many are stored again
_SUFFIX = ".jsonl"
_log = logging.getLogger(__name__)


class Spool:
    """A folder of arrivals that any number of processes share.

    Args:
        folder: Made when the first arrival comes, for this user alone.
        clock: Gives the current moment, with which the names of files begin: in their order they are read.
        longest: Bytes after which a file is left and another one begun.

    Attributes:
        may_hold_any: Whether there may be something to read. Set it where another process may have left something.
    """

    def __init__(self, folder: Path, *, clock: Callable[[], datetime], longest: int = LONGEST) -> None:
        self.may_hold_any = True
        self._folder, self._clock, self._longest = folder.absolute(), clock, longest
        self._numbers = count()
        self._lock = Lock()  # of `_appending`; what is read belongs to one thread
        self._appending: _File | None = None
        self._reading: _File | None = None
        self._set_aside: set[str] = set()

    def append(self, arrivals: Sequence[Arrival]) -> None:
        """Keep `arrivals`, all or none of them. Once this returns they survive a crash of the machine.

        Raises:
            OSError: The disk is full, or the folder cannot be written.
            TypeError, ValueError: One of them is no JSON document.
        """
        lines = b"".join(json.dumps(pack(arrival)).encode() + b"\n" for arrival in arrivals)
        with self._lock:
            if self._appending is not None and (self._appending.size >= self._longest or self._appending.is_gone()):
                self._leave()
            if self._appending is None:
                self._appending = self._made()
            try:
                self._appending.append(lines)
            finally:
                if self._appending.is_torn:
                    self._leave()
            self.may_hold_any = True

    @contextmanager
    def oldest(self, limit: int) -> Iterator[list[Arrival]]:
        """At most `limit` arrivals, the oldest. For one thread, as long as `may_hold_any` says so.

        They are gone from the spool when the block ends; where it raises, they come again.
        """
        at, lines = self._next_lines(limit)
        if (file := self._reading) is None:
            yield []
            return
        arrivals, damaged = _arrivals(lines)
        try:
            yield arrivals
        except BaseException:
            file.seek(at)
            raise
        file.damaged += damaged
        if file.is_read():
            self._finish(file)

    def close(self) -> None:
        """Leave the files to whoever comes next."""
        with self._lock:
            self._leave()
        if self._reading is not None:
            self._reading.close()
            self._reading = None

    def _leave(self) -> None:
        if self._appending is not None:
            self._appending.close()
            self._appending = None

    def _made(self) -> _File:
        while True:
            if not self._folder.exists():
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                _flush_folder(self._folder.parent)
            name = f"{self._clock():%Y%m%dT%H%M%S%f}-{os.getpid()}-{next(self._numbers):06}{_SUFFIX}"
            with suppress(FileExistsError):  # of a process that had our number
                if (file := _held(self._folder / name, os.O_CREAT | os.O_EXCL)) is not None:
                    _flush_folder(self._folder)
                    return file

    def _next_lines(self, limit: int) -> tuple[int, list[bytes]]:
        """The lines that come next, and where in `_reading` they begin; files without any more are done with."""
        while (file := self._reading or self._oldest_file()) is not None:
            self._reading = file
            try:
                at = file.tell()
                if lines := file.lines(limit):
                    return at, lines
            except OSError:
                _log.exception("The spool file %s cannot be read. It stays as it is.", file.path)
                self._set_aside.add(file.path.name)
            self._finish(file)
        return 0, []

    def _oldest_file(self) -> _File | None:
        """The first file that nobody holds, or our own, to which nothing is appended any more."""
        with self._lock:
            for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
                if self._appending is not None and path == self._appending.path:
                    break
                if path.name not in self._set_aside and (file := self._orphan(path)) is not None:
                    return file
            if (own := self._appending) is not None:
                self._appending = None
                own.seek(0)
            self.may_hold_any = own is not None
            return own

    def _orphan(self, path: Path) -> _File | None:
        try:
            return _held(path)
        except OSError as error:
            _log.error("The spool file %s cannot be opened: %s. It stays as it is.", path, error.strerror)
            self._set_aside.add(path.name)
            return None

    def _finish(self, file: _File) -> None:
        """Delete what is stored; what could not be read stays, under another name."""
        self._reading = None
        try:
            if file.damaged:
                _log.error("%d lines of the spool file %s are damaged. It is kept.", file.damaged, file.path)
                file.path.rename(file.path.with_suffix(".damaged"))
            elif file.path.name not in self._set_aside:
                file.path.unlink(missing_ok=True)
        except OSError as error:
            _log.error("The spool file %s is stored and cannot be deleted: %s.", file.path, error.strerror)
            self._set_aside.add(file.path.name)
        finally:
            file.close()


class _File:
    """A spool file that this process holds locked."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.size = os.fstat(descriptor).st_size
        self.damaged = 0
        self.is_torn = False
        self._descriptor = descriptor
        self._reader = BufferedReader(FileIO(descriptor, closefd=False))

    def is_gone(self) -> bool:
        """Whether somebody has deleted it."""
        return os.fstat(self._descriptor).st_nlink == 0

    def append(self, lines: bytes) -> None:
        """Write and flush; what could be written in part only is cut off again."""
        try:
            left = memoryview(lines)
            while left:
                left = left[os.write(self._descriptor, left) :]
            os.fsync(self._descriptor)
        except OSError:
            self.is_torn = True
            os.ftruncate(self._descriptor, self.size)
            self.is_torn = False
            raise
        self.size += len(lines)

    def lines(self, limit: int) -> list[bytes]:
        return list(islice(self._reader, limit))

    def tell(self) -> int:
        return self._reader.tell()

    def seek(self, position: int) -> None:
        self._reader.seek(position)

    def is_read(self) -> bool:
        """Whether nothing is left. The file itself is asked: a fork of this process may have appended to it as well."""
        return self._reader.tell() >= os.fstat(self._descriptor).st_size

    def close(self) -> None:
        """Give the lock back."""
        os.close(self._descriptor)


def _arrivals(lines: Iterable[bytes]) -> tuple[list[Arrival], int]:
    """What `lines` hold, and how many are damaged.

    A last one without an end was never flushed, and nobody was told that it is kept.
    """
    arrivals, damaged = [], 0
    for line in lines:
        if line.endswith(b"\n"):
            try:
                arrivals.append(unpack(json.loads(line)))
            except (KeyError, TypeError, ValueError):
                damaged += 1
    return arrivals, damaged


def _held(path: Path, flags: int = 0) -> _File | None:
    """The file, locked; None where another process holds it or has deleted it."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | flags, 0o600)
    except FileNotFoundError:
        return None
    if _lock(descriptor) and os.fstat(descriptor).st_nlink:
        return _File(path, descriptor)
    os.close(descriptor)
    return None


def _lock(descriptor: int) -> bool:
    """Whether the file is ours until it is closed; on Windows, where an open file cannot be deleted, always."""
    if sys.platform == "win32":
        return True
    import fcntl  # not on Windows

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _flush_folder(folder: Path) -> None:
    """Have the folder remember its new entry after a crash of the machine."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
