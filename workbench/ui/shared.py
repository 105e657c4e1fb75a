"""The one workbench of this process, shared by every session.

Streamlit runs the script by its path and passes nothing to it, so this is the one place where something lives as long
as the process: the workbench that `workbench serve` handed over, else one opened from the settings at the first visit.
Its parts are made for many threads at once: the database and the sources lend a connection per call, the cache locks,
all else is immutable.
"""

from __future__ import annotations

from threading import Lock

import streamlit as st

from stats_core.composition import Workbench, open_workbench


class Handover:
    """Where the server leaves its workbench for the pages."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._workbench: Workbench | None = None

    def give(self, workbench: Workbench | None) -> None:
        """The pages show this from now on; None takes it back."""
        with self._lock:
            self._workbench = workbench

    def take(self) -> Workbench | None:
        """What was given."""
        with self._lock:
            return self._workbench


HANDOVER = Handover()


def shared_workbench() -> Workbench:
    """The workbench of this process.

    Raises:
        ExpectedError: The settings, the database or its schema need the operator; the next visit tries again.
    """
    return HANDOVER.take() or _opened()


@st.cache_resource(show_spinner=False, on_release=Workbench.close)
def _opened() -> Workbench:
    return open_workbench()
