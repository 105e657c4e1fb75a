"""Bytes into lines, of bounded length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

MAX_LINE = 1 << 16  # bytes; servers refuse requests whose line and headers are longer than 8 to 32 KiB

TOO_LONG = b"\n"
"""Stands for a line of more than `MAX_LINE` bytes; a line itself never holds a line feed."""

_BOM = b"\xef\xbb\xbf"


class Lines:
    """The lines of a file without their ends (LF or CRLF).

    A run of NUL bytes before a line is dropped: rotation by copying and truncating leaves a hole at a file's beginning.

    Attributes:
        unfinished: Whether the line given last has no end: the file may still be written, or was cut.
    """

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = blocks
        self.unfinished = False

    def __iter__(self) -> Iterator[bytes]:
        carry, too_long = b"", False
        for block in self._unmarked():
            first, *others = block.split(b"\n")
            if others:
                yield TOO_LONG if too_long else _clean(carry + first)
                *whole, carry = others
                yield from map(_clean, whole)
                too_long = False
            else:
                carry += first
            carry = carry.lstrip(b"\0") if carry.startswith(b"\0") else carry
            if len(carry) > MAX_LINE:
                carry, too_long = b"", True
        if carry or too_long:
            self.unfinished = True
            yield TOO_LONG if too_long else _clean(carry)

    def _unmarked(self) -> Iterator[bytes]:
        """The blocks without the byte order mark that some editors put first."""
        blocks = iter(self._blocks)
        beginning = b""
        for block in blocks:  # which may be empty: a decompressor gives what it has
            beginning += block
            if len(beginning) >= len(_BOM):
                break
        yield beginning.removeprefix(_BOM)
        yield from blocks


def _clean(line: bytes) -> bytes:
    if len(line) > MAX_LINE:
        return TOO_LONG
    return line.strip(b"\0\r") if line[-1:] == b"\r" or line[:1] == b"\0" else line
