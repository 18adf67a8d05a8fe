"""Examples in and out of data/examples: one parquet file for each split."""

import contextlib
import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from llmvis.errors import MissingStage
from llmvis.png import decode_png, encode_png
from llmvis.records import Caption, Example, Refusal

QUARANTINE = "quarantine.parquet"

_CAPTION = pa.struct([("text", pa.string()), ("lang", pa.string())])
_SCHEMA = pa.schema(
    [
        ("example_id", pa.string()),
        ("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
        ("captions", pa.list_(_CAPTION)),
        ("split", pa.string()),
        ("group_id", pa.string()),
        ("source", pa.string()),
        ("license", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("scene", pa.string()),
    ],
    # `datasets.load_dataset("parquet", ...)` shows pictures where it finds this.
    metadata={
        "huggingface": json.dumps({"info": {"features": {"image": {"_type": "Image"}}}})
    },
)
_ROWS_PER_GROUP = 512
_ROWS_READ_AT_ONCE = 65_536  # of columns other than pictures


class ExamplesWriter:
    """Writes one parquet file for each split into a folder, streaming.

    Use it inside `staged`, and close it (it is a context manager) before that ends.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._rows: dict[str, list[dict]] = {}
        self._refusals: list[Refusal] = []
        self.counts: dict[str, int] = {}

    def __enter__(self):
        return self

    def __exit__(self, exc_type, *exc_info):
        if exc_type is not None:
            # The folder is given up, and on a full disk even closing a file fails.
            for writer in self._writers.values():
                with contextlib.suppress(OSError, pa.ArrowException):
                    writer.close()
            return
        for split in self._rows:
            self._flush(split)
        for writer in self._writers.values():
            writer.close()
        pd.DataFrame(
            [(r.source, r.reason, r.fix) for r in self._refusals],
            columns=["source", "reason", "fix"],
            dtype="str",
        ).to_parquet(self._folder / QUARANTINE)

    def add(self, example: Example) -> None:
        self.add_row(to_row(example))

    def add_row(self, row: dict) -> None:
        """Adds what `to_row` made, perhaps in another process."""
        split = row["split"]
        rows = self._rows.setdefault(split, [])
        rows.append(row)
        self.counts[split] = self.counts.get(split, 0) + 1
        if len(rows) == _ROWS_PER_GROUP:
            self._flush(split)

    def refuse(self, refusal: Refusal) -> None:
        self._refusals.append(refusal)

    @property
    def num_refused(self) -> int:
        return len(self._refusals)

    @property
    def first_refusal(self) -> Refusal | None:
        return self._refusals[0] if self._refusals else None

    def _flush(self, split: str) -> None:
        if not self._rows[split]:
            return
        if split not in self._writers:
            path = self._folder / f"{split}.parquet"
            # The pictures are already compressed.
            self._writers[split] = pq.ParquetWriter(
                path, _SCHEMA, compression={"captions.list.element.text": "zstd"}
            )
        table = pa.Table.from_pylist(self._rows[split], schema=_SCHEMA)
        self._writers[split].write_table(table)
        self._rows[split] = []


def to_row(example: Example) -> dict:
    """Encodes an example as a row of its parquet file, the picture as PNG."""
    return {
        "example_id": example.example_id,
        "image": image_cell(example.example_id, encode_png(example.image)),
        "captions": captions_cell(example.captions),
        "split": example.split,
        "group_id": example.group_id,
        "source": example.source,
        "license": example.license,
        "width": example.width,
        "height": example.height,
        "scene": example.scene,
    }


def image_cell(example_id: str, png: bytes) -> dict:
    """The cell of a picture that is encoded already."""
    return {"bytes": png, "path": f"{example_id[:16]}.png"}


def captions_cell(captions: Sequence[Caption]) -> list[dict]:
    """The cell of an example's captions."""
    return [{"text": c.text, "lang": c.lang} for c in captions]


def splits(folder: Path) -> list[str]:
    """Names the splits that `folder` holds.

    Raises:
        MissingStage: There are none.
    """
    names = sorted(p.stem for p in folder.glob("*.parquet") if p.name != QUARANTINE)
    if not names:
        raise MissingStage(folder, "ingest")
    return names


def read_refusals(folder: Path) -> pd.DataFrame:
    """Reads what was not accepted: columns `source`, `reason` and `fix`.

    Raises:
        MissingStage: There are no examples.
    """
    path = folder / QUARANTINE
    if not path.exists():
        raise MissingStage(path, "ingest")
    return pd.read_parquet(path)


def _existing(folder: Path, split: str) -> Path:
    path = folder / f"{split}.parquet"
    if not path.exists():
        raise MissingStage(path, "ingest")
    return path


def read_table(
    folder: Path, split: str, columns: Sequence[str] | None = None
) -> pd.DataFrame:
    """Reads the rows of one split without their pictures.

    Raises:
        MissingStage: The split is not there.
    """
    wanted = columns or [name for name in _SCHEMA.names if name != "image"]
    return _read(folder, split, wanted).to_pandas()


def read_compact(folder: Path, split: str, columns: Sequence[str]) -> pd.DataFrame:
    """Reads columns as Arrow keeps them: a tenth of the memory where cells are text.

    Raises:
        MissingStage: The split is not there.
    """
    return _read(folder, split, columns).to_pandas(types_mapper=pd.ArrowDtype)


def _read(folder: Path, split: str, columns: Sequence[str]) -> pa.Table:
    # Reading ahead would take in the pictures between, and half as much memory again.
    with pq.ParquetFile(_existing(folder, split), pre_buffer=False) as file:
        schema = pa.schema([file.schema_arrow.field(name) for name in columns])
        batches = file.iter_batches(_ROWS_READ_AT_ONCE, columns=schema.names)
        return pa.Table.from_batches([b.select(schema.names) for b in batches], schema)


def iterate_images(folder: Path, split: str, batch_size: int) -> Iterator[np.ndarray]:
    """Decodes the pictures of one split in order, `(B, H, W, 3)` uint8 at a time.

    Raises:
        MissingStage: The split is not there.
    """
    with pq.ParquetFile(_existing(folder, split)) as file:
        for batch in file.iter_batches(batch_size, columns=["image"]):
            encoded = batch.column(0).field("bytes")
            yield np.stack([decode_png(data.as_py()) for data in encoded])


def read_images(folder: Path, split: str, limit: int | None = None) -> np.ndarray:
    """Decodes the first `limit` pictures of one split, `(N, H, W, 3)` uint8.

    Raises:
        MissingStage: The split is not there.
    """
    blocks, missing = [], limit
    for block in iterate_images(folder, split, batch_size=_ROWS_PER_GROUP):
        blocks.append(block if missing is None else block[:missing])
        if missing is not None:
            missing -= len(blocks[-1])
            if missing <= 0:
                break
    return np.concatenate(blocks)


def pick_images(folder: Path, split: str, rows: Sequence[int]) -> np.ndarray:
    """Decodes the pictures at some positions of one split, `(N, H, W, 3)` uint8.

    Args:
        folder: Of the examples.
        split: One of `splits(folder)`.
        rows: Positions in rising order, at least one.

    Raises:
        MissingStage: The split is not there.
    """
    return np.stack([decode_png(png) for png in pick_pngs(folder, split, rows)])


def pick_pngs(folder: Path, split: str, rows: Sequence[int]) -> list[bytes]:
    """Does what `pick_images` does, without decoding."""
    picked = []
    with pq.ParquetFile(_existing(folder, split)) as file:
        for group, here in itertools.groupby(rows, lambda row: row // _ROWS_PER_GROUP):
            images = file.read_row_group(group, ["image"]).column(0)
            picked += [images[row % _ROWS_PER_GROUP]["bytes"].as_py() for row in here]
    return picked


def read_captions(folder: Path, split: str) -> list[list[str]]:
    """Reads the captions of each example of one split, in order."""
    captions = read_table(folder, split, ["captions"]).captions
    return [[caption["text"] for caption in of_one] for of_one in captions]


def unpack_images(folder: Path, split: str, path: Path) -> np.ndarray:
    """Decodes the pictures of one split into a file that is read as an array.

    Args:
        folder: The examples.
        split: Which of them.
        path: A scratch file, as large as the pictures are without compression.

    Returns:
        Shape `(N, H, W, 3)`, uint8, memory-mapped.
    """
    shape: tuple[int, ...] = ()
    with path.open("wb") as file:
        for block in iterate_images(folder, split, batch_size=_ROWS_PER_GROUP):
            file.write(block.tobytes())
            shape = block.shape[1:]
    return np.memmap(path, np.uint8, mode="r").reshape(-1, *shape)


def read_examples(
    folder: Path, split: str, limit: int | None = None
) -> Iterator[Example]:
    """Reads whole examples of one split, pictures decoded, in order."""
    seen = 0
    with pq.ParquetFile(_existing(folder, split)) as file:
        for batch in file.iter_batches(_ROWS_PER_GROUP):
            for row in batch.to_pylist():
                if seen == limit:
                    return
                seen += 1
                yield _from_row(row)


def _from_row(row: dict) -> Example:
    captions = tuple(Caption(**caption) for caption in row.pop("captions"))
    image = decode_png(row.pop("image")["bytes"])
    return Example(**row, image=image, captions=captions)
