"""Files of sources, which may be replaced while the workbench runs: answers come from the file that stands there now.

An open file outlives its name: after `mv new.db shop.db`, connections would read the old one until the next restart.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final, TypeAlias

from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

FileState: TypeAlias = tuple[int, int, int, int]
Guard: TypeAlias = Callable[[float], AbstractContextManager[None]]
"""Entered before a connection is taken, for as long as it is held; with the seconds that it may wait."""

_USED: Final = "used"


def unguarded(_seconds: float) -> AbstractContextManager[None]:
    """The Guard of engines that have no file, or notice by themselves."""
    return nullcontext()


def file_state(file: Path) -> FileState | None:
    """What tells a file from another of its name, and from itself after a change; None where there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


class FileConnection(sqlite3.Connection):
    """A connection that knows what its file was when it was opened."""

    state: FileState | None = None


def leave_replaced_files(engine: Engine, file: Path) -> None:
    """Let an SQLite engine, whose connections are FileConnections, drop each that was opened before a change.

    That covers files written over in place, whose pages and tables SQLite remembers. After ordinary writes it would
    not be needed, and costs a tenth of a millisecond.
    """

    @event.listens_for(engine, "checkout")
    def compare(connection: FileConnection, record: Any, _proxy: object) -> None:
        # A new connection is taken as it is: a file that is written all the time must be readable too.
        if record.info.get(_USED) and connection.state != file_state(file):
            raise DisconnectionError(f"{file} has changed.")
        record.info[_USED] = True


class SharedFile:
    """The file of a DuckDB engine, all of whose connections share one reading of it.

    It is read anew once all of them are closed. So when the file has changed, new calls wait for those that run.
    """

    def __init__(self, engine: Engine, file: Path) -> None:
        self._engine, self._file = engine, file
        self._state = file_state(file)
        self._running = 0
        self._ended = threading.Condition()

    @contextmanager
    def held(self, seconds: float) -> Iterator[None]:
        """Keep the file as it is while a call runs; a Guard.

        Raises:
            TimeoutError: Of SQLAlchemy: it has changed, and other calls have not ended in time.
        """
        with self._ended:
            if not self._ended.wait_for(self._is_current, seconds):
                raise PoolTimeoutError(f"{self._file} has changed, and calls still read what it was.")
            self._running += 1
        try:
            yield
        finally:
            with self._ended:
                self._running -= 1
                self._ended.notify_all()

    def _is_current(self) -> bool:
        state = file_state(self._file)
        if state != self._state and not self._running:
            self._engine.dispose()
            self._state = state
        return state == self._state
