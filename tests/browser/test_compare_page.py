import json

import numpy as np
import pytest

from llmvis import evaluation
from llmvis.png import encode_png


@pytest.fixture(scope="session")
def compare_html(findings):
    """The page of two versions, one of which got half of its failures right."""
    before = findings.rows.copy()
    picture = {"bytes": encode_png(findings.images[0]), "path": "0.png"}
    before["image"] = [picture] * len(before)
    after = before.assign(all_correct=before.index % 6 > 0, soft_tifa_am=0.95)
    names = (
        "a model with a long name, 3",
        "runs/another-model-with-a-long-name/report",
    )
    figure = {"value": 0.97, "low": 0.95, "high": 0.99, "n": 20}
    real = {"test_seen": {"en": {"all_correct": figure}}}
    found = evaluation.compare(before, after, seed=0)
    return evaluation.render_comparison(found, (before, after), names=names, real=real)


@pytest.mark.parametrize("width", [400, 1280])
def test_nothing_sticks_out_of_the_window(compare_html, ask_browser, width):
    expression = "[innerWidth, document.documentElement.scrollWidth]"

    assert ask_browser(compare_html, expression, width) == f"[{width},{width}]"


def test_every_picture_loads_without_a_network_and_has_a_description(
    compare_html, ask_browser
):
    broken = (
        "[...document.images].filter(i => !i.naturalWidth || !i.alt).length"
        " + '/' + document.images.length"
    )
    # One prompt of two was wrong before, in each split and language.
    assert ask_browser(compare_html, broken, 1280) == '"0/4"'


def test_headings_go_down_one_level_at_a_time(compare_html, ask_browser):
    levels = "[...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])"
    found = json.loads(ask_browser(compare_html, levels, 1280))

    assert found[0] == 1
    assert np.diff(found).max() == 1


def test_every_row_of_a_table_is_as_long_as_its_headings(compare_html, ask_browser):
    lengths = (
        "[...document.querySelectorAll('table')].map(t =>"
        " new Set([...t.rows].map(r => r.cells.length)).size)"
    )
    assert ask_browser(compare_html, lengths, 1280) == "[1,1]"


def test_each_split_and_language_has_a_row_and_the_judge_a_share(
    compare_html, ask_browser
):
    cells = (
        "[...document.querySelectorAll('table')[1].tBodies[0].rows]"
        ".map(r => r.cells[2].innerText + r.lastElementChild.innerText)"
    )
    shares = json.loads(ask_browser(compare_html, cells, 1280))

    assert [one.replace("&nbsp;", " ") for one in shares] == [
        "697 % 95–99",
        "6",
        "6",
        "6",
    ]
