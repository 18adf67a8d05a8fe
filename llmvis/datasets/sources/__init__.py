"""The forms in which captioned pictures lie about, one file each."""

from contextlib import suppress

from llmvis.datasets.item import Source
from llmvis.datasets.place import ARCHIVE_SUFFIXES, Place, suffix
from llmvis.datasets.sources import (
    caption_table,
    class_folders,
    coco_captions,
    emoji,
    flickr_captions,
    image_folder,
    parquet_images,
    sidecar_text,
    webdataset,
)
from llmvis.errors import DataError, RefusedItem

# In the order in which `detect` asks: what has captions before what has only classes.
SOURCES: dict[str, Source] = {
    "image_folder": image_folder,
    "webdataset": webdataset,
    "coco_captions": coco_captions,
    "flickr_captions": flickr_captions,
    "parquet_images": parquet_images,
    "caption_table": caption_table,
    "sidecar_text": sidecar_text,
    "class_folders": class_folders,
    "emoji": emoji,
}


def detect(place: Place) -> str:
    """Finds out in which form captioned pictures lie at a place.

    Raises:
        DataError: In none that is known.
    """
    for name, source in SOURCES.items():
        with suppress(RefusedItem):  # what would tell cannot be read
            if source.is_here(place):
                return name
    shown = ", ".join(place.names[:3]) or "nothing"
    packed = [name for name in place.names if suffix(name) in ARCHIVE_SUFFIXES]
    if packed:
        raise DataError(
            f"{place.address} has {packed[0]}, and no captions in a known form beside "
            "it. Unpack it: of archives, only .tar without compression is read."
        )
    for folder, reason in place.unread_folders.items():
        raise DataError(
            f"{place.address} has the folder {folder}, which cannot be read: {reason}. "
            "Change its permissions."
        )
    raise DataError(
        f"{place.address} has {len(place.names)} files ({shown}...), and no captions "
        "in a known form. Put a metadata.csv with the columns file_name and text into "
        "it, a text file beside each picture, or the pictures into a folder for each "
        "class."
    )
