"""Where a media file should end by its own account.

FFmpeg reads a file that was cut short to its last whole packet and says nothing. The container's structure
tells: an element, a chunk or a box that should go on after the last byte. Files whose structure says nothing
(written as a live stream, or of an unknown kind) count as whole.
"""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_ASF_BROADCAST = 1
_BOXES = (b"ftyp", b"moov", b"moof", b"mdat")
_EBML_HEADER, _EBML_SEGMENT = 0x1A45DFA3, 0x18538067
_TS_PACKET, _TS_SYNC = 188, 0x47
_OGG_PAGE, _OGG_LONGEST_PAGE = 27, 65307


def needed_bytes(path: Path) -> int:
    """Bytes that the file must have to be whole; 0 where it does not say."""
    with path.open("rb") as file:
        start = file.read(2 * _TS_PACKET)
        for matches, measure in _CONTAINERS:
            if matches(start):
                return measure(file)
    return 0


def _boxes(file: BinaryIO) -> int:
    """End of the last box of an mp4 or mov file (ISO/IEC 14496-12, 4.2) of a kind that holds media."""
    end = position = 0
    while len(header := _read(file, position, 16)) >= 8:
        size, kind = struct.unpack(">I4s", header[:8])
        if size == 1 and len(header) == 16:
            size = int.from_bytes(header[8:], "big")
        if size < 8:
            break
        position += size
        end = position if kind in _BOXES else end
    return end


def _ebml(file: BinaryIO) -> int:
    """End of the segment of a Matroska or WebM file (RFC 8794); of its last child where it has no size."""
    position = 0
    while element := _element(file, position):
        kind, start, size = element
        if kind == _EBML_SEGMENT and size is None:
            position = start
            continue
        if size is None:
            return 0
        position = start + size
        if kind == _EBML_SEGMENT:
            return position
    return position


def _element(file: BinaryIO, position: int) -> tuple[int, int, int | None] | None:
    """Id, place of the content and its size (None: unknown) of an EBML element; None where there is none."""
    header = _read(file, position, 12)
    id_length = 9 - header[0].bit_length() if header and header[0] else 9
    if id_length > 4 or len(header) <= id_length or not header[id_length]:
        return None
    first = header[id_length]
    size_length = 9 - first.bit_length()
    raw = header[id_length : id_length + size_length]
    size = int.from_bytes(raw, "big") & ((1 << 7 * size_length) - 1)
    known = None if size == (1 << 7 * size_length) - 1 else size
    return int.from_bytes(header[:id_length], "big"), position + id_length + size_length, known


def _riff(file: BinaryIO) -> int:
    """End of the last RIFF chunk of an avi file; long ones have several.

    Less the 8 bytes of its header: some writers count them as content.
    """
    position = 0
    while (header := _read(file, position, 8))[:4] == b"RIFF" and len(header) == 8:
        size = int.from_bytes(header[4:], "little")
        if size in (0, 0xFFFFFFFF):
            return 0
        position += 8 + size
    return max(0, position - 8)


def _gif(file: BinaryIO) -> int:
    """End of a GIF file (GIF89a, appendix B): after its trailer."""
    position = 13 + _colours(_read(file, 10, 1))
    while (header := _read(file, position, 10))[:1] in (b"\x21", b"\x2c"):
        position += 2 if header[0] == 0x21 else 11 + _colours(header[9:])
        while (length := _read(file, position, 1)) not in (b"", b"\0"):
            position += 1 + length[0]
        position += 1
    return position + (header[:1] in (b"", b"\x3b"))


def _colours(flags: bytes) -> int:
    """Bytes of the colour table that the flags announce."""
    return 3 << (flags[0] & 7) + 1 if flags and flags[0] & 0x80 else 0


def _flv(file: BinaryIO) -> int:
    """End of the last tag of an flv file, without the 4 bytes after it, which some writers leave out."""
    position, end = int.from_bytes(_read(file, 5, 4), "big") + 4, 0
    while len(header := _read(file, position, 4)) == 4 and header[0] & 0x1F in (8, 9, 18):
        end = position + 11 + int.from_bytes(header[1:], "big")
        position = end + 4
    return end


def _asf(file: BinaryIO) -> int:
    """The size that the file properties of a wmv file state."""
    position = 30
    while len(header := _read(file, position, 24)) == 24:
        size = int.from_bytes(header[16:], "little")
        if header[:16] == _ASF_FILE_PROPERTIES:
            fields = _read(file, position + 24, 68)
            live = len(fields) < 68 or fields[64] & _ASF_BROADCAST
            return 0 if live else int.from_bytes(fields[16:24], "little")
        if size < 24:
            break
        position += size
    return 0


def _ogg(file: BinaryIO) -> int:
    """End of the last page of an Ogg file (RFC 3533)."""
    size = file.seek(0, 2)
    first = max(0, size - 2 * _OGG_LONGEST_PAGE)
    tail = _read(file, first, 2 * _OGG_LONGEST_PAGE)
    page = tail.rfind(b"OggS")
    if page < 0 or len(tail) < page + _OGG_PAGE:
        return 0
    num_segments = tail[page + _OGG_PAGE - 1]
    lengths = tail[page + _OGG_PAGE : page + _OGG_PAGE + num_segments]
    return first + page + _OGG_PAGE + num_segments + sum(lengths)


def _transport_stream(file: BinaryIO) -> int:
    """Whole packets of an MPEG transport stream."""
    size = file.seek(0, 2)
    return -(-size // _TS_PACKET) * _TS_PACKET


def _read(file: BinaryIO, position: int, length: int) -> bytes:
    file.seek(position)
    return file.read(length)


_CONTAINERS: tuple[tuple[Callable[[bytes], bool], Callable[[BinaryIO], int]], ...] = (
    (lambda start: start[4:8] in (*_BOXES, b"free", b"skip", b"wide"), _boxes),
    (lambda start: start[:4] == _EBML_HEADER.to_bytes(4, "big"), _ebml),
    (lambda start: start[:4] == b"RIFF", _riff),
    (lambda start: start[:4] == b"GIF8", _gif),
    (lambda start: start[:4] == b"FLV\1", _flv),
    (lambda start: start[:16] == _ASF_HEADER, _asf),
    (lambda start: start[:4] == b"OggS", _ogg),
    (lambda start: start[::_TS_PACKET] == bytes([_TS_SYNC] * 2), _transport_stream),
)
"""How each kind of file begins, and what measures it."""
