"""Bytes to text, in whichever encoding they were written."""

import codecs
from collections.abc import Iterable

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (
        codecs.BOM_UTF32_LE,
        "utf-32",
        "UTF-32",
    ),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_ENOUGH = 0.6  # of the pairs have to be common characters; chance gives a quarter
_FEW = 6  # bytes outside of ASCII: fewer may be valid in an encoding by chance
_BLOCK = 2**20  # bytes, that are looked at together

Codec = tuple[str, str]  # Python's name, and the name of the encoding
_UTF8: Codec = ("utf-8", "UTF-8")
_GBK: Codec = ("gb18030", "GBK")
_BIG5: Codec = ("big5hkscs", "Big5")
# Windows' form of it has quotation marks where Latin-1 has control characters.
_LATIN: Codec = ("cp1252", "Latin-1")


def decode(data: bytes, usual: Codec | None = None) -> tuple[str, str]:
    """Decodes text of unknown encoding.

    Args:
        data: The text.
        usual: As `find_usual` gives it for files of one kind, where this is one.

    Returns:
        The text, and the name of the encoding, see `find_codec`.
    """
    codec, name = _find_short(data, usual) or find_codec(data)
    return data.decode(codec, "replace"), name


def find_usual(texts: Iterable[bytes]) -> Codec | None:
    """Finds the encoding of many short texts, each of which tells too little.

    "猫" in GBK is "è" in UTF-8, and "Ã¨" in Latin-1.

    Returns:
        As `find_codec`; None where all are ASCII or say themselves what they are in,
        or where they are in several.
    """
    plain = [text for text in texts if not text.isascii() and not _find_marked(text)]
    foreign = [text for text in plain if not _is_valid(text, "utf-8")]
    if not plain:
        return None
    if len(foreign) < len(plain) / 2:
        return _UTF8
    usual = _find_legacy(b"\n".join(foreign))
    told = {_find_legacy(text) for text in foreign if not _is_short(text)}
    return usual if told <= {usual} else None  # None: they are of several


def _find_short(data: bytes, usual: Codec | None) -> Codec | None:
    """Takes what is usual for a text that is too short to tell."""
    if usual is None or data.isascii() or _find_marked(data) or not _is_short(data):
        return None
    if usual in (_GBK, _BIG5):
        shares = {codec: share for share, codec in _shares(data)}
        return usual if shares.get(usual) == max(shares.values(), default=0) else None
    # Of what is Latin-1, next to nothing reads like UTF-8.
    if _is_valid(data, "utf-8"):
        return _UTF8
    return usual if usual == _LATIN else None


def _is_short(data: bytes) -> bool:
    return len(data.translate(None, bytes(range(128)))) < _FEW


def find_codec(data: bytes) -> Codec:
    """Finds out in which encoding text was written.

    A byte order mark decides, then whether it is UTF-8, then which of GBK and Big5
    makes more common Chinese characters of it. What is none of these is Latin-1.

    Returns:
        Python's name of a codec, and the name of the encoding: UTF-8, UTF-16, UTF-32,
        GBK, Big5 or Latin-1.
    """
    if marked := _find_marked(data):
        return marked
    return _UTF8 if _is_valid(data, "utf-8") else _find_legacy(data)


def _find_marked(data: bytes) -> Codec | None:
    """Finds an encoding that says what it is."""
    for mark, codec, name in _MARKS:
        if data.startswith(mark):
            return codec, name
    unmarked = _unmarked_utf16(data[:_BLOCK])
    return (unmarked, "UTF-16") if unmarked else None


def _unmarked_utf16(data: bytes) -> str | None:
    """Tells by the zero bytes, every other of which is one in Western text."""
    if len(data) < 4 or len(data) % 2:
        return None
    half = len(data) / 2
    if data[1::2].count(0) > 0.7 * half and data[::2].count(0) < 0.1 * half:
        return "utf-16-le"
    if data[::2].count(0) > 0.7 * half and data[1::2].count(0) < 0.1 * half:
        return "utf-16-be"
    return None


def _is_valid(data: bytes, codec: str) -> bool:
    decoder = codecs.getincrementaldecoder(codec)()
    try:
        for start in range(0, len(data), _BLOCK):
            decoder.decode(data[start : start + _BLOCK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _find_legacy(data: bytes) -> Codec:
    for share, codec in sorted(_shares(data), key=lambda one: -one[0]):
        if share >= _ENOUGH:
            return codec
    return _LATIN


def _shares(data: bytes) -> list[tuple[float, Codec]]:
    tried = [
        (_share_common(data, _is_common_gb), _GBK),
        (_share_common(data, _is_common_big5), _BIG5),
    ]
    return [(share, codec) for share, codec in tried if _is_valid(data, codec[0])]


def _share_common(data: bytes, is_common) -> float:
    """The share of two-byte characters that are of the encoding's common ones.

    A single one tells nothing where there are letters: it may begin "Äpfel".
    """
    common = pairs = position = 0
    while position < len(data):
        if data[position] < 0x80:
            position += 1
            continue
        pairs += 1
        common += is_common(data[position : position + 2])
        position += 2
    has_letters = any(chr(byte).isalpha() for byte in data if byte < 0x80)
    return common / pairs if pairs > 1 or not has_letters else 0.0


def _is_common_gb(pair: bytes) -> bool:
    """Level 1 of GB 2312, or its punctuation and full-width forms."""
    return (
        len(pair) == 2
        and pair[1] >= 0xA1
        and (0xB0 <= pair[0] <= 0xD7 or pair[0] in (0xA1, 0xA3))
    )


def _is_common_big5(pair: bytes) -> bool:
    """Level 1 of Big5, or its punctuation."""
    in_row = len(pair) == 2 and (0x40 <= pair[1] <= 0x7E or 0xA1 <= pair[1] <= 0xFE)
    return in_row and (0xA4 <= pair[0] <= 0xC6 or pair[0] == 0xA1)
