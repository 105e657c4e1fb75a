"""The bytes of a log file: plain or compressed, from disk or from standard input.

What a compressed file holds before it is damaged or ends too early is given; `fault` says that more should have come.
"""

from __future__ import annotations

import bz2
import io
import lzma
import os
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Protocol, cast

import zstandard

from stats_core.errors import ExpectedError, NotFoundError

STDIN = "-"
_PLAIN_BLOCK = 1 << 18
_COMPRESSED_BLOCK = 1 << 12  # small, since a few bytes may unfold into megabytes


class _Member(Protocol):
    """What zlib, bz2, lzma and zstandard call a decompressor of one member or frame."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


# By the bytes that a file begins with: names lie, and standard input has none.
_COMPRESSIONS: tuple[tuple[bytes, Callable[[], _Member]], ...] = (
    (b"\x1f\x8b", lambda: zlib.decompressobj(wbits=31)),
    (b"\x28\xb5\x2f\xfd", lambda: zstandard.ZstdDecompressor(max_window_size=1 << 31).decompressobj()),
    (b"BZh", bz2.BZ2Decompressor),
    (b"\xfd7zXZ\x00", lzma.LZMADecompressor),
)
_DAMAGES = (zlib.error, zstandard.ZstdError, lzma.LZMAError, OSError, EOFError)


class LogFile:
    """One file to read, once.

    Attributes:
        name: As it was given; `-` is standard input.
        size: Bytes on disk; null where nobody knows.
        fault: Why reading ended before the file did, in words; null so far, or when all was read.
    """

    def __init__(self, name: str | Path, stdin: io.BufferedReader | None = None) -> None:
        self.name = str(name)
        self.size: int | None = None
        self.fault: str | None = None
        self._stdin = stdin
        self._position = 0
        if self.name != STDIN:
            self.size = _readable_size(Path(self.name))

    @property
    def position(self) -> int:
        """Bytes read so far, compressed ones where the file is compressed."""
        return self._position

    def blocks(self) -> Iterator[bytes]:
        """The file's bytes in pieces of any size, decompressed."""
        try:
            with self._opened() as stream:
                start = _compression(stream.peek(8)[:8])
                if start is None:
                    yield from self._raw(stream, _PLAIN_BLOCK)
                else:
                    yield from _decompressed(self._raw(stream, _COMPRESSED_BLOCK), start)
        except _DAMAGES as error:
            self.fault = str(error) or "the compressed data ends too early"

    def _opened(self) -> AbstractContextManager[io.BufferedReader]:
        if self.name != STDIN:
            return Path(self.name).open("rb")
        return nullcontext(self._stdin or cast("io.BufferedReader", sys.stdin.buffer))  # not ours to close

    def _raw(self, stream: io.BufferedReader, size: int) -> Iterator[bytes]:
        while block := stream.read1(size):
            self._position += len(block)
            yield block


def _readable_size(path: Path) -> int | None:
    """The size of a file that can be read; null for pipes, which must not be opened twice."""
    if not path.exists():
        raise NotFoundError("log file", str(path), path="paths", hint="Check the name.")
    if path.is_dir():
        raise ExpectedError(f"{path} is a folder.", path="paths", hint=f"Name the files in it: {path}/*.log*")
    if not os.access(path, os.R_OK):
        raise ExpectedError(f"{path} may not be read.", path="paths", hint="Check its rights.")
    return path.stat().st_size if path.is_file() else None


def _compression(beginning: bytes) -> Callable[[], _Member] | None:
    return next((start for magic, start in _COMPRESSIONS if beginning.startswith(magic)), None)


def _decompressed(blocks: Iterable[bytes], start: Callable[[], _Member]) -> Iterator[bytes]:
    """Members one after another, as `cat a.gz b.gz` and parallel compressors make them, with zeros between or behind.

    Raises:
        EOFError: The last member is not whole.
    """
    member: _Member | None = None
    for block in blocks:
        rest = block
        while rest := rest if member else rest.lstrip(b"\0"):
            member = member or start()
            if data := member.decompress(rest):
                yield data
            rest = member.unused_data if member.eof else b""
            member = None if member.eof else member
    if member:
        raise EOFError("the compressed data ends too early")
