"""Pictures a second from a folder of files to examples, against plainer ways.

    uv run python benchmarks/ingest.py ../shared/data/emoji
    uv run --with datasets python benchmarks/ingest.py ../shared/data/emoji
    uv run python benchmarks/ingest.py ../shared/data/emoji --num-files 100000
    uv run python benchmarks/ingest.py ../shared/data/emoji --num-rows 1000000

The bare loop opens, composes, resizes and encodes each file with Pillow, in one process
and with nothing else. Hugging Face `datasets` does the same through `map` in as many
processes as the ingest, where it is installed. On one core (`taskset -c 0` in front)
seconds of the processor are printed too, because they are the same on a busy machine.

More files are made of those of the folder: turned, mirrored and of another hue. Where
rows are asked for, a table names the files of the folder again and again, and only the
ingest is timed, for its memory.
"""

import argparse
import os
import resource
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
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


def varied(numbered: tuple[int, Path], kinds: int, folder: Path) -> None:
    """Writes `kinds` pictures made of one, each unlike the others."""
    number, path = numbered
    with Image.open(path) as file:
        image = file.convert("RGBA")
    for kind in range(kinds):
        turned = image.transpose(Image.Transpose(kind % 7)) if kind else image
        hue, saturation, value = turned.convert("RGB").convert("HSV").split()
        hue = hue.point([(level + 16 * kind) % 256 for level in range(256)])
        mixed = Image.merge("HSV", (hue, saturation, value)).convert("RGB")
        mixed.putalpha(turned.getchannel("A"))
        mixed.save(folder / f"{number}-{kind}.png", compress_level=1)


def write_more(paths: list[Path], number: int, folder: Path) -> None:
    """Fills `folder` with so many pictures, and a caption for each."""
    folder.mkdir()
    write = partial(varied, kinds=-(-number // len(paths)), folder=folder)
    with ProcessPoolExecutor(PROCESSES) as pool:
        list(pool.map(write, enumerate(paths), chunksize=64))
    written = sorted(folder.iterdir())
    for path in written[number:]:
        path.unlink()
    rows = [f"{path.name},picture {path.stem}" for path in written[:number]]
    (folder / "metadata.csv").write_text("\n".join(["file_name,text", *rows]))


def write_rows(paths: list[Path], number: int, folder: Path) -> None:
    """Fills `folder` with the pictures, and a table of so many rows."""
    folder.mkdir()
    names = [f"{number}.png" for number in range(len(paths))]
    for path, name in zip(paths, names, strict=True):
        shutil.copy(path, folder / name)
    with (folder / "metadata.csv").open("w") as table:
        table.write("file_name,text\n")
        for row in range(number):
            table.write(f"{names[row % len(names)]},picture {row}\n")


def inputs(chosen: argparse.Namespace, folder: Path):
    """The settings of an ingest, its files, and how many inputs it has."""
    from llmvis import config
    from llmvis.datasets.place import Place
    from llmvis.datasets.sources import SOURCES, detect

    def files(address: str) -> list[Path]:
        items = SOURCES[detect(Place(address))].list_items(Place(address))
        return [Path(address, item.name) for item in items]

    address = chosen.address
    if chosen.num_files or chosen.num_rows:
        address = str(folder / "more")
        write = write_more if chosen.num_files else write_rows
        write(files(chosen.address), chosen.num_files or chosen.num_rows, Path(address))
    settings = replace(
        config.read().ingest,
        source=detect(Place(address)),
        path=address,
        image_size=SIZE,
    )
    paths = [] if chosen.num_rows else files(address)
    return settings, paths, chosen.num_rows or len(paths)


def main() -> None:
    """Prints a line for each way."""
    # Every process that reads imports this file again, and needs none of these.
    from llmvis import storage
    from llmvis.datasets.ingestion import ingest

    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("address")
    options.add_argument("--num-files", type=int)
    options.add_argument("--num-rows", type=int)
    chosen = options.parse_args()
    with storage.scratch() as folder:
        settings, paths, number = inputs(chosen, folder)

        def take_in() -> None:
            ingest(
                settings,
                folder / "examples",
                cache=folder / "cache",
                num_processes=PROCESSES,
                report=lambda *_: None,
            )

        print(f"{number:,} inputs, {PROCESSES} processes", flush=True)
        if paths:
            timed("bare Pillow, 1 process", number, lambda: [plain(p) for p in paths])
            if find_spec("datasets"):
                timed("datasets.map", number, lambda: with_datasets(paths, folder))
        timed("ingest, nothing known", number, take_in)
        timed("ingest again, nothing changed", number, take_in)
    here = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    each = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(f"{here:.2f} GiB at most in this process, {each:.2f} in one that reads")


if __name__ == "__main__":
    main()
