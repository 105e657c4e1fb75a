"""Log files, plain and compressed, whole and damaged."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
import zstandard

from ingest.logs.files import LogFile
from stats_core.errors import ExpectedError, NotFoundError

CONTENT = b"".join(b"line %d with some text\n" % number for number in range(20_000))
COMPRESSORS = {"gzip": gzip.compress, "zstd": zstandard.compress, "bz2": bz2.compress, "xz": lzma.compress}

compressors = pytest.mark.parametrize("compress", COMPRESSORS.values(), ids=COMPRESSORS)


@pytest.fixture
def written(tmp_path):
    """A function that writes bytes to a file and opens it as a log."""

    def write(content: bytes, name: str = "access.log") -> LogFile:
        path = tmp_path / name
        path.write_bytes(content)
        return LogFile(path)

    return write


def read(file: LogFile) -> bytes:
    return b"".join(file.blocks())


@pytest.mark.parametrize("content", [b"", b"x", CONTENT])
def test_a_plain_file_is_given_as_it_is(written, content):
    file = written(content)
    assert read(file) == content
    assert (file.position, file.size, file.fault) == (len(content), len(content), None)


@compressors
def test_a_compressed_file_is_told_by_its_content(written, compress):
    file = written(compress(CONTENT), "access.log")
    assert read(file) == CONTENT
    assert file.fault is None
    assert file.position == file.size


@compressors
def test_members_one_after_another_are_all_read(written, compress):
    file = written(compress(CONTENT) + compress(b"") + compress(b"end\n") + b"\0" * 512)
    assert read(file) == CONTENT + b"end\n"
    assert file.fault is None


@compressors
def test_what_a_cut_file_holds_is_given(written, compress):
    whole = compress(CONTENT)
    file = written(whole[: len(whole) * 3 // 4])
    found = read(file)
    assert CONTENT.startswith(found)
    assert file.fault == "the compressed data ends too early"


def test_most_of_a_cut_gzip_is_given(written):
    whole = gzip.compress(CONTENT)
    assert len(read(written(whole[: len(whole) * 3 // 4]))) > len(CONTENT) // 2


@compressors
def test_what_stands_before_damage_is_given(written, compress):
    file = written(compress(CONTENT) + b"something else")
    assert read(file) == CONTENT
    assert file.fault


def test_standard_input_is_read_and_stays_open():
    stream = io.BufferedReader(io.BytesIO(gzip.compress(CONTENT)))
    file = LogFile("-", stream)
    assert (file.name, file.size) == ("-", None)
    assert read(file) == CONTENT
    assert not stream.closed


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_named_pipe_is_opened_once(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as threads:
        writing = threads.submit(pipe.write_bytes, CONTENT)
        file = LogFile(pipe)
        assert (file.size, read(file)) == (None, CONTENT)
        assert writing.result() == len(CONTENT)


def test_a_missing_file_is_told_before_anything_is_read(tmp_path):
    with pytest.raises(NotFoundError, match=r"There is no log file '.*nowhere\.log'"):
        LogFile(tmp_path / "nowhere.log")


def test_a_folder_is_no_log(tmp_path):
    with pytest.raises(ExpectedError, match="is a folder"):
        LogFile(tmp_path)


def test_reading_errors_are_a_fault(written, monkeypatch):
    file = written(CONTENT)

    class Broken(io.BufferedReader):
        def read1(self, _size: int = -1) -> bytes:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(file, "_opened", lambda: Broken(io.BytesIO(CONTENT)))
    assert read(file) == b""
    assert "Input/output error" in file.fault
