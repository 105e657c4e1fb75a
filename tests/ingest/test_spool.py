"""The spool: what was kept comes back once, in order, whoever kept it and however that ended."""

from __future__ import annotations

import errno
import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from ingest.arrivals import Arrival
from ingest.spool import Spool
from stats_core.traffic.sessions import Event

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
EVENT = Event(
    website_id="site_a",
    event_id="e",
    session_id="",
    visitor_id="V",
    event_type="custom_event",
    pathname="/ünï\n\u2028\ud800\0",
    timestamp=START,
    event_name="payment_completed",
    country="DE",
    metadata={"price": 12.5, "gift": True, "note": None, "name": "grün"},
)


def arrivals(first: int, last: int) -> list[Arrival]:
    return [Arrival(replace(EVENT, event_id=f"e{number}"), "former") for number in range(first, last)]


def everything(spool: Spool, limit: int = 100) -> list[Arrival]:
    found: list[Arrival] = []
    while spool.may_hold_any:
        with spool.oldest(limit) as part:
            found += part
    return found


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "home" / "spool"


@pytest.fixture
def open_spool(folder: Path, clock) -> Iterator:
    """Opens spools of the folder, as processes do, one second after the other."""
    opened, seconds = [], count()

    def open_one(**options) -> Spool:
        later = clock() + timedelta(seconds=next(seconds))
        opened.append(Spool(folder, clock=lambda: later, **options))
        return opened[-1]

    yield open_one
    for spool in opened:
        spool.close()


def test_what_was_kept_comes_back_in_order_and_once(open_spool, folder):
    spool = open_spool()
    spool.append(arrivals(0, 3))
    spool.append(arrivals(3, 5))
    assert everything(spool, limit=2) == arrivals(0, 5)
    assert (everything(spool), files(folder), spool.may_hold_any) == ([], [], False)


def test_an_empty_spool_makes_no_folder(open_spool, folder):
    spool = open_spool()
    assert everything(spool) == []
    assert not folder.exists()


def test_what_comes_while_the_rest_is_read_is_read_after_it(open_spool):
    spool = open_spool()
    spool.append(arrivals(0, 2))
    with spool.oldest(1) as first:
        spool.append(arrivals(2, 4))
    assert first == arrivals(0, 1)
    assert everything(spool) == arrivals(1, 4)


def test_what_could_not_be_stored_comes_again(open_spool):
    spool = open_spool()
    spool.append(arrivals(0, 4))
    with spool.oldest(1):
        pass
    with pytest.raises(ConnectionError), spool.oldest(2):
        raise ConnectionError
    assert everything(spool) == arrivals(1, 4)


def test_the_folder_and_its_files_are_for_their_owner_alone(open_spool, folder):
    open_spool().append(arrivals(0, 1))
    (file,) = folder.iterdir()
    assert (folder.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)


def test_files_of_another_process_are_left_alone_until_it_has_ended(open_spool, folder):
    living, other = open_spool(), open_spool()
    living.append(arrivals(0, 2))
    assert (everything(other), other.may_hold_any) == ([], False)
    living.close()
    other.append(arrivals(2, 3))
    assert everything(other) == arrivals(0, 3)
    assert files(folder) == []


def test_a_file_that_is_read_halfway_when_its_reader_ends_is_read_anew(open_spool):
    first = open_spool()
    first.append(arrivals(0, 4))
    with first.oldest(2) as part:
        assert part == arrivals(0, 2)
    first.close()
    assert everything(open_spool()) == arrivals(0, 4)


def test_a_long_file_is_left_and_another_begun(open_spool, folder):
    spool = open_spool(longest=1)
    for number in range(3):
        spool.append(arrivals(number, number + 1))
    assert len(files(folder)) == 3
    assert everything(spool) == arrivals(0, 3)


def test_what_other_hands_append_to_a_file_that_is_being_read_is_read_too(open_spool, folder):
    spool = open_spool()
    spool.append(arrivals(0, 2))
    with spool.oldest(1):
        (file,) = folder.iterdir()
        lines = file.read_text().splitlines(keepends=True)
        with file.open("a") as other:  # as a forked child does, which has inherited file and lock
            other.writelines(line.replace('"e0"', '"e2"').replace('"e1"', '"e3"') for line in lines)
    with spool.oldest(1) as second:
        assert second == arrivals(1, 2)
    assert everything(spool) == arrivals(2, 4)
    assert files(folder) == []


def test_a_torn_last_line_is_ignored(open_spool, folder):
    spool = open_spool()
    spool.append(arrivals(0, 2))
    spool.close()
    (file,) = folder.iterdir()
    file.write_bytes(file.read_bytes()[:-20])
    assert everything(open_spool()) == arrivals(0, 1)
    assert files(folder) == []


def test_a_file_with_damaged_lines_gives_the_others_and_is_kept_aside(open_spool, folder, caplog):
    spool = open_spool()
    spool.append(arrivals(0, 3))
    spool.close()
    (file,) = folder.iterdir()
    lines = file.read_bytes().splitlines(keepends=True)
    document = json.loads(lines[1])
    del document["visitor_id"]
    file.write_bytes(b"".join([lines[0], b"\xff{\n", b"[]\n", json.dumps(document).encode() + b"\n", lines[2]]))
    assert everything(open_spool(), limit=2) == [*arrivals(0, 1), *arrivals(2, 3)]
    assert files(folder) == [file.with_suffix(".damaged").name]
    assert "3 lines of the spool file" in caplog.text


def test_files_that_cannot_be_opened_are_in_nobodys_way(open_spool, folder, caplog):
    spool = open_spool()
    folder.mkdir(parents=True)
    (folder / "0.jsonl").mkdir()
    spool.append(arrivals(0, 2))
    assert everything(spool) == arrivals(0, 2)
    assert "0.jsonl cannot be opened" in caplog.text


def test_a_deleted_file_is_noticed_and_another_begun(open_spool, folder):
    spool = open_spool()
    spool.append(arrivals(0, 1))
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    spool.append(arrivals(1, 2))
    assert everything(spool) == arrivals(1, 2)


def test_a_file_of_our_name_that_is_there_already_is_not_touched(open_spool, folder, clock):
    folder.mkdir(parents=True)
    taken = folder / f"{clock():%Y%m%dT%H%M%S%f}-{os.getpid()}-000000.jsonl"
    taken.write_text("")
    open_spool().append(arrivals(0, 1))
    assert len(files(folder)) == 2
    assert taken.read_text() == ""


def test_what_is_no_json_is_refused_and_nothing_is_kept_of_its_batch(open_spool):
    spool = open_spool()
    with pytest.raises(TypeError):
        spool.append([*arrivals(0, 1), Arrival(replace(EVENT, metadata={"at": START}))])
    assert everything(spool) == []


def test_where_no_folder_can_be_made_nothing_is_kept(tmp_path, clock):
    (tmp_path / "file").write_text("")
    spool = Spool(tmp_path / "file" / "spool", clock=clock)
    with pytest.raises(OSError, match="Not a directory"):
        spool.append(arrivals(0, 1))
    assert everything(spool) == []


@pytest.fixture
def limited_files() -> Iterator:
    """Limits how long a file may become: writing beyond it fails halfway, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_a_full_disk_cuts_short_is_cut_off_again(open_spool, folder, limited_files):
    spool = open_spool()
    spool.append(arrivals(0, 2))
    (file,) = folder.iterdir()
    size = file.stat().st_size
    limited_files(size + 10)
    for _ in range(2):
        with pytest.raises(OSError) as caught:  # noqa: PT011 - its number is compared
            spool.append(arrivals(2, 4))
        assert (caught.value.errno, file.stat().st_size) == (errno.EFBIG, size)
    limited_files(resource.RLIM_INFINITY)
    spool.append(arrivals(4, 5))
    assert everything(spool) == [*arrivals(0, 2), *arrivals(4, 5)]


def test_a_process_that_is_killed_leaves_its_file_to_the_next(open_spool, folder, repository):
    program = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from ingest.arrivals import unpack
from ingest.spool import Spool
import json
spool = Spool(Path(sys.argv[1]), clock=lambda: datetime(2026, 1, 1, tzinfo=UTC))
spool.append([unpack(json.loads(line)) for line in sys.stdin])
print("kept", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    from ingest.arrivals import pack

    lines = "".join(json.dumps(pack(arrival)) + "\n" for arrival in arrivals(0, 3))
    child = subprocess.run(
        [sys.executable, "-c", program, folder],
        input=lines,
        text=True,
        capture_output=True,
        cwd=repository,
        check=False,
    )
    assert (child.stdout, child.returncode) == ("kept\n", -9)
    assert everything(open_spool()) == arrivals(0, 3)
