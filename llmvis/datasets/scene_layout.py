"""Finds a place for everything in a scene, on a grid of 64 by 64 pixels.

Boxes are kept as fractions of the picture, so the same scene can be drawn at any size.
"""

from dataclasses import replace
from random import Random

from llmvis.datasets.scene_drawing import aspect, faces_left, foot, peak
from llmvis.prompts.relations import CONVERSE
from llmvis.records import Box, Scene

Cell = tuple[int, int, int, int]  # left, top, right, bottom on the grid
Group = tuple[str, list[Cell]]  # a kind, and where its copies are

GRID = 64
# Longest side in pixels of the grid, both ends included. No thing is in between.
LONGEST = {"small": (15, 18), "large": (26, 31)}
_MARGIN = 1  # from the edge of the picture
_OVERLAP = 1  # of a thing and what it stands on, so that no gap shows
_APART = 2  # of things that no relation joins, at the least


def lay_out(scene: Scene, rng: Random) -> Scene | None:
    """Gives every thing of `scene` its boxes, so that every relation clearly holds.

    The relations must join each thing after the first to an earlier one.

    Returns:
        The scene with boxes, or None where this draw did not fit: draw again.
    """
    groups = [_arrange(scene, i, rng) for i in range(len(scene.things))]
    for r in scene.relations:
        i, j, relation = r.subject, r.object, r.relation
        if i < j:  # the earlier thing has its place already
            i, j, relation = j, i, CONVERSE[relation]
        new, old = ((scene.things[k].kind, groups[k]) for k in (i, j))
        groups[i] = _place(new, relation, old, rng)
    if _collide(scene, groups):
        return None
    return _shift_into_picture(scene, groups, rng)


def _arrange(scene: Scene, i: int, rng: Random) -> list[Cell]:
    """Sets out the copies of one thing as a tight group, somewhere."""
    thing = scene.things[i]
    shortest, longest = LONGEST[thing.size or "large"]
    side = rng.randint(shortest, longest)
    ratio = aspect(thing.kind)
    width, height = round(side * min(1, ratio)), round(side / max(1, ratio))
    step_x, step_y = width + rng.randint(1, 3), height + rng.randint(1, 3)
    steps = [(n * 1.0, 0) for n in range(thing.count)]
    if thing.count > 1 and not _stands_on(scene, i) and rng.random() < 0.5:
        steps = [(0.0, 0), (0.0, 1)] if thing.count == 2 else [(0, 1), (1, 1), (0.5, 0)]
    corners = [(round(x * step_x), y * step_y) for x, y in steps]
    return [(x, y, x + width, y + height) for x, y in corners]


def _stands_on(scene: Scene, i: int) -> bool:
    return any(
        (r.relation == "on" and r.subject == i)
        or (r.relation == "under" and r.object == i)
        for r in scene.relations
    )


def _place(new: Group, relation: str, old: Group, rng: Random) -> list[Cell]:
    """Moves the group `new` so that it stands in `relation` to the group `old`."""
    box, anchor = _hull(new[1]), _hull(old[1])
    if relation == "on":
        x = _peak(*old) - _foot(*new) + rng.randint(-1, 1)
        return _moved(new[1], x, anchor[1] - box[3] + _OVERLAP)
    if relation == "under":
        x = _foot(*old) - _peak(*new) + rng.randint(-1, 1)
        return _moved(new[1], x, anchor[3] - box[1] - _OVERLAP)
    if relation in {"above", "below"}:
        x = _across(anchor, box, rng)
        gap = rng.randint(6, 12)  # well clear, so as not to be taken for `on`
        higher, lower = anchor[1] - gap - box[3], anchor[3] + gap - box[1]
        return _moved(new[1], x, higher if relation == "above" else lower)
    gap = rng.randint(3, 6 if relation == "next_to" else 11)
    left, right = anchor[0] - gap - box[2], anchor[2] + gap - box[0]
    x = {"left_of": left, "right_of": right}.get(relation, rng.choice((left, right)))
    # Things side by side look best on one ground, give or take.
    return _moved(new[1], x, anchor[3] - box[3] + rng.randint(-3, 3))


def _across(anchor: Cell, box: Cell, rng: Random) -> int:
    """How far to move `box` so that the two share over half of the smaller width."""
    width, length = anchor[2] - anchor[0], box[2] - box[0]
    slack = (abs(width - length) + min(width, length)) // 2 - 2
    centered = (anchor[0] + anchor[2] - box[0] - box[2]) // 2
    return centered + rng.randint(-slack, slack)


def _peak(kind: str, cells: list[Cell]) -> int:
    """The column where something can stand on the group: the top of a highest copy."""
    left, top, right, bottom = min(cells, key=lambda cell: cell[1])
    share = peak(kind)
    if faces_left(_to_box((left, top, right, bottom))):
        share = 1 - share
    return left + round(share * (right - left))


def _foot(kind: str, cells: list[Cell]) -> int:
    """The column on which the group stands: its foot, or the middle of several."""
    left, top, right, bottom = _hull(cells)
    share = foot(kind) if len(cells) == 1 else 0.5
    if faces_left(_to_box((left, top, right, bottom))):
        share = 1 - share
    return left + round(share * (right - left))


def _shift_into_picture(
    scene: Scene, groups: list[list[Cell]], rng: Random
) -> Scene | None:
    left, top, right, bottom = _hull([cell for group in groups for cell in group])
    slack_x = GRID - 2 * _MARGIN - (right - left)
    slack_y = GRID - 2 * _MARGIN - (bottom - top)
    if min(slack_x, slack_y) < 0:
        return None
    x = _MARGIN - left + rng.randint(0, slack_x)
    # The larger of two draws: things keep rather to the ground.
    y = _MARGIN - top + max(rng.randint(0, slack_y), rng.randint(0, slack_y))
    things = [
        replace(thing, boxes=tuple(_to_box(cell) for cell in _moved(group, x, y)))
        for thing, group in zip(scene.things, groups, strict=True)
    ]
    return replace(scene, things=tuple(things))


def _collide(scene: Scene, groups: list[list[Cell]]) -> bool:
    """Tells whether two things come too close that no relation has put there."""
    related = {frozenset((r.subject, r.object)) for r in scene.relations}
    hulls = [_hull(group) for group in groups]
    return any(
        frozenset((i, j)) not in related
        and min(a[2], b[2]) - max(a[0], b[0]) > -_APART
        and min(a[3], b[3]) - max(a[1], b[1]) > -_APART
        for i, a in enumerate(hulls)
        for j, b in enumerate(hulls[:i])
    )


def _hull(cells: list[Cell]) -> Cell:
    lefts, tops, rights, bottoms = zip(*cells, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _moved(cells: list[Cell], x: int, y: int) -> list[Cell]:
    return [(cell[0] + x, cell[1] + y, cell[2] + x, cell[3] + y) for cell in cells]


def _to_box(cell: Cell) -> Box:
    left, top, right, bottom = (side / GRID for side in cell)
    return left, top, right, bottom
