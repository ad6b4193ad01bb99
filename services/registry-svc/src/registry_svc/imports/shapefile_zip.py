"""Reading a Shapefile in a zip archive: in memory, never unpacked to disk, within limits."""

import io
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import shapefile

from registry_svc.imports.csv_file import (
    decode,
    find_columns,
    too_many_positions,
    too_many_rows,
)
from registry_svc.imports.errors import ImportFileInvalid
from registry_svc.imports.tables import POSITIONS_MAX, ROWS_MAX, Row, Table
from registry_svc.sites.outlines import RINGS_MAX, VERTICES_MAX

shapefile.VERBOSE = False  # what it would log of each shape, our answer says in words

ENTRIES_MAX = 64
# ESRI's description of 1998: big-endian lengths in 16-bit words before each record.
_HEADER_BYTES, _RECORD_HEADER_BYTES = 100, 8
_POSITION_BYTES_MAX = 32  # with Z and M
_RECORD_BYTES_MAX = VERTICES_MAX * _POSITION_BYTES_MAX + RINGS_MAX * 4 + 200
UNPACKED_MIB_MAX = 128
_UNPACKED_BYTES_MAX = UNPACKED_MIB_MAX * 1024 * 1024
_ENCRYPTED = 0x1
_LANGUAGE_BYTE = 29  # of a .dbf: the code page it was written in
_CHINESE_CODE_PAGES = (0x4D, 0x7A)
_CHINESE = re.compile(r"(cp|ansi|ms)?[ _-]?936|gb[ _-]?(k|2312|18030)", re.IGNORECASE)
_UTF8 = re.compile(r"utf[ _-]?8|65001", re.IGNORECASE)


def read(content: bytes, wanted: Sequence[str]) -> Table:
    """Return the records with their outlines as rows, counted from one.

    Raises ImportFileInvalid, also for an archive that is anything but one Shapefile.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = _parts(archive)
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        zlib.error,
        NotImplementedError,
        EOFError,
        RuntimeError,
    ) as error:
        raise ImportFileInvalid(
            f"不是可读的 ZIP 文件（{error}）。", f"It is no readable zip archive ({error})."
        ) from None
    _check_size(parts[".shp"])
    crs, _ = decode(parts[".prj"])
    failure: Exception | None = None
    for encoding in _encodings(parts):
        try:
            rows = list(_rows(parts, encoding, wanted))
        except (UnicodeError, shapefile.dbfFileException) as error:
            failure = error
        else:
            name = "GB18030" if encoding == "gb18030" else "UTF-8"
            return Table(format="shapefile", encoding=name, crs=crs.strip(), rows=rows)
    raise ImportFileInvalid(
        f".dbf 的文字既不是 UTF-8 也不是 GBK，或与 .cpg 所写不符（{str(failure)[:100]}）。",
        f"The text of its .dbf is not as .cpg says, or neither UTF-8 nor GBK ({str(failure)[:100]}).",
    )


def _parts(archive: zipfile.ZipFile) -> Mapping[str, bytes]:
    """Return the parts of the one Shapefile by suffix. Raises ImportFileInvalid."""
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > ENTRIES_MAX:
        raise ImportFileInvalid(
            f"压缩包内超过 {ENTRIES_MAX} 个文件。", f"It holds more than {ENTRIES_MAX} files."
        )
    for entry in entries:
        _check_entry(entry)
    shown = [entry for entry in entries if not entry.filename.startswith("__MACOSX/")]
    shapes = [entry for entry in shown if entry.filename.lower().endswith(".shp")]
    if len(shapes) != 1:
        raise ImportFileInvalid(
            f"压缩包内应有且仅有一个 .shp，实有 {len(shapes)} 个。",
            f"There must be exactly one .shp in it, and there are {len(shapes)}.",
        )
    stem = shapes[0].filename[: -len(".shp")].lower()
    members = {
        PurePosixPath(entry.filename.lower()).suffix: entry
        for entry in shown
        if entry.filename.lower().rpartition(".")[0] == stem
    }
    cures = {
        ".dbf": ("属性表", "the table of attributes"),
        ".prj": ("坐标系；请从制图软件带投影信息导出", "the coordinate system: export it with one"),
    }
    for suffix, (zh, en) in cures.items():
        if suffix not in members:
            raise ImportFileInvalid(f"缺少 {suffix}（{zh}）。", f"Its {suffix} is missing: {en}.")
    left = _UNPACKED_BYTES_MAX
    parts = {}
    for suffix in (".shp", ".dbf", ".prj", ".cpg"):
        if suffix in members:
            parts[suffix] = _unpacked(archive, members[suffix], left)
            left -= len(parts[suffix])
    return parts


def _check_entry(entry: zipfile.ZipInfo) -> None:
    """Refuse names that lead out of a folder, links and encryption, though nothing is unpacked."""
    name = entry.filename
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
        raise ImportFileInvalid(
            f"压缩包内的路径不可用：{name[:100]}。", f"A path in it cannot be used: {name[:100]}."
        )
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise ImportFileInvalid(
            f"压缩包内不能有链接：{name[:100]}。", f"A link cannot be used: {name[:100]}."
        )
    if entry.flag_bits & _ENCRYPTED:
        raise ImportFileInvalid("压缩包已加密；请不加密重发。", "It is encrypted: send it open.")


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, bytes_max: int) -> bytes:
    """Return an entry's bytes, read no further than the limit, whatever its header says."""
    with archive.open(entry) as packed:
        content = packed.read(bytes_max + 1)
    if len(content) > bytes_max:
        raise ImportFileInvalid(
            f"解压后超过 {UNPACKED_MIB_MAX} MiB。",
            f"It unpacks to more than {UNPACKED_MIB_MAX} MiB.",
        )
    return content


def _encodings(parts: Mapping[str, bytes]) -> Sequence[str]:
    """Return what the .dbf may be written in: as .cpg says, its code page, or both in turn."""
    stated = parts.get(".cpg", b"").decode("ascii", "replace").strip().strip("\ufeff")
    if _CHINESE.fullmatch(stated):
        return ("gb18030",)
    if _UTF8.fullmatch(stated):
        return ("utf-8",)
    if parts[".dbf"][_LANGUAGE_BYTE : _LANGUAGE_BYTE + 1] in map(_byte, _CHINESE_CODE_PAGES):
        return ("gb18030",)
    return ("utf-8", "gb18030")


def _byte(value: int) -> bytes:
    return bytes([value])


def _rows(parts: Mapping[str, bytes], encoding: str, wanted: Sequence[str]) -> Iterator[Row]:
    """Read both files side by side. Raises ImportFileInvalid where they are damaged."""
    number = 0
    try:
        with shapefile.Reader(
            shp=io.BytesIO(parts[".shp"]), dbf=io.BytesIO(parts[".dbf"]), encoding=encoding
        ) as reader:
            if reader.numRecords is not None and reader.numRecords > ROWS_MAX:
                raise too_many_rows()
            columns = find_columns([field.name for field in reader.data_fields], wanted)
            for number, found in enumerate(reader.iterShapeRecords(), 1):
                if number > ROWS_MAX:
                    raise too_many_rows()
                cells = {column: found.record[place] for column, place in columns.items()}
                yield Row(number, cells, geometry=_geometry(number, found.shape))
            records = reader.numRecords
    except (ImportFileInvalid, UnicodeError, shapefile.dbfFileException):
        raise
    except Exception as error:
        raise ImportFileInvalid(
            f"第 {number + 1} 个图形附近的 Shapefile 已损坏。",
            f"The Shapefile is damaged near shape {number + 1}.",
        ) from error
    if records is not None and records != number:
        raise ImportFileInvalid(
            f".shp 有 {number} 个图形，.dbf 有 {records} 行；二者应相同。",
            f"Its .shp has {number} shapes and its .dbf {records} rows; they must agree.",
        )


def _check_size(shp: bytes) -> None:
    """Refuse what would take much memory to read, by the lengths of its records alone."""
    if len(shp) > POSITIONS_MAX * _POSITION_BYTES_MAX:
        raise too_many_positions()
    start = _HEADER_BYTES
    for number in range(1, ROWS_MAX + 1):
        words = shp[start + 4 : start + _RECORD_HEADER_BYTES]
        length = int.from_bytes(words, "big") * 2
        if length > _RECORD_BYTES_MAX:
            raise _huge(number)
        start += _RECORD_HEADER_BYTES + length
        if start >= len(shp):
            return
    raise too_many_rows()


def _huge(number: int) -> ImportFileInvalid:
    return ImportFileInvalid(
        f"第 {number} 个图形超过 {VERTICES_MAX} 个顶点或 {RINGS_MAX} 个环；请抽稀或拆分。",
        f"Shape {number} has more than {VERTICES_MAX} positions or {RINGS_MAX} rings: simplify or"
        " split it.",
    )


def _geometry(number: int, shape: Any) -> Mapping[str, Any] | None:
    """Return the shape as GeoJSON, if it has one. Raises ImportFileInvalid for a huge one."""
    if shape is None or shape.shapeType == shapefile.NULL:
        return None
    # Before the library compares every ring with every other to tell shells from holes.
    if len(shape.points) > VERTICES_MAX or len(getattr(shape, "parts", ())) > RINGS_MAX:
        raise _huge(number)
    geometry: Mapping[str, Any] = shape.__geo_interface__
    return geometry
