"""Pictures a second from a folder of files to examples, against plainer ways.

    uv run python benchmarks/ingest.py ../shared/data/emoji
    uv run --with datasets python benchmarks/ingest.py ../shared/data/emoji

The bare loop opens, composes, resizes and encodes each file with Pillow, in one process
and with nothing else. Hugging Face `datasets` does the same through `map` in as many
processes as the ingest, where it is installed. On one core (`taskset -c 0` in front)
seconds of the processor are printed too, because they are the same on a busy machine.
"""

import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps

SIZE = 64
PROCESSES = len(os.sched_getaffinity(0))


def plain(path: Path) -> bytes:
    """What each way has to do at least with a file."""
    with Image.open(path) as file:
        image = file.convert("RGBA")
    canvas = Image.new("RGBA", image.size, (255, 255, 255, 255))
    canvas.alpha_composite(image)
    square = ImageOps.pad(canvas.convert("RGB"), (SIZE, SIZE), Image.Resampling.LANCZOS)
    buffer = BytesIO()
    square.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def with_datasets(paths: list[Path], folder: Path) -> None:
    """The same with Hugging Face `datasets`, its cache in `folder`."""
    import datasets

    datasets.disable_progress_bars()
    table = datasets.Dataset.from_dict({"path": [str(path) for path in paths]})
    done = table.map(
        lambda row: {"image": plain(row["path"])},
        num_proc=PROCESSES,
        cache_file_name=str(folder / "map.arrow"),
    )
    done.to_parquet(folder / "done.parquet")


def timed(name: str, number: int, work: Callable[[], object]) -> None:
    """Prints pictures a second, by the clock and, of one core, by the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    clock = time.perf_counter() - clock
    processor = time.process_time() - processor
    print(f"{name:<32} {clock:7.1f} s {number / clock:9,.0f} /s", end="")
    if PROCESSES == 1:
        print(f"   processor {processor:6.1f} s {number / processor:9,.0f} /s", end="")
    print()


def main() -> None:
    """Prints a line for each way."""
    # Every process that reads imports this file again, and needs none of these.
    from llmvis import config, storage
    from llmvis.datasets.ingestion import ingest
    from llmvis.datasets.place import Place
    from llmvis.datasets.sources import SOURCES, detect

    address = sys.argv[1]
    source = detect(Place(address))
    items = list(SOURCES[source].list_items(Place(address)))
    paths = [Path(address, item.name) for item in items]
    settings = replace(
        config.read().ingest, source=source, path=address, image_size=SIZE
    )
    with storage.scratch() as folder:

        def take_in() -> None:
            ingest(
                settings,
                folder / "examples",
                cache=folder / "cache",
                num_processes=PROCESSES,
                report=lambda *_: None,
            )

        number = len(paths)
        print(f"{number:,} files, {PROCESSES} processes")
        timed("bare Pillow, 1 process", number, lambda: [plain(p) for p in paths])
        if find_spec("datasets"):
            timed("datasets.map", number, lambda: with_datasets(paths, folder))
        timed("ingest, nothing known", number, take_in)
        timed("ingest again, nothing changed", number, take_in)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{peak:.2f} GiB at most in this process")


if __name__ == "__main__":
    main()
