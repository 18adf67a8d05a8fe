import json

import numpy as np
import pytest

from llmvis import storage
from llmvis.evaluation import experiment_page, report
from llmvis.evaluation.experiment import Row


@pytest.fixture(scope="session")
def experiment_html(tmp_path_factory, findings):
    """The page of eleven models with long names, and of one that failed."""
    folder = tmp_path_factory.mktemp("experiment")
    rows = []
    for number in range(11):
        place = folder / f"row{number}"
        place.mkdir()
        facts = dict.fromkeys(("model", "data set", "judge files", "examples"), "a")
        report.write(findings, place, folder, facts)
        (place / "curves.csv").write_text("step,seconds,loss\n20,9,2\n40,18,1\n")
        metrics = storage.read_json(place / "metrics.json", "evaluate")
        metrics["cost"]["parameters"] = 10**5 * (number + 1)
        storage.write_json(place / "metrics.json", metrics)
        name = f"autoregressive-word_embedding-{number}"
        rows.append(Row(name=name, values={}, num_steps=9, folder=place, failure=""))
    failed = Row(name="gan", values={}, num_steps=0, folder=folder, failure="Diverged.")
    main = "alignment.test_seen.en.all_correct"
    experiment_page.write([*rows, failed], folder, "families", main, seconds=300)
    return (folder / "index.html").read_text("utf-8")


@pytest.mark.parametrize("width", [400, 1280])
def test_nothing_sticks_out_of_the_window(experiment_html, ask_browser, width):
    expression = "[innerWidth, document.documentElement.scrollWidth]"

    assert ask_browser(experiment_html, expression, width) == f"[{width},{width}]"


def test_every_picture_loads_without_a_network_and_has_a_description(
    experiment_html, ask_browser
):
    broken = (
        "[...document.images].filter(i => !i.naturalWidth || !i.alt).length"
        " + '/' + (document.images.length > 100)"
    )
    assert ask_browser(experiment_html, broken, 1280) == '"0/true"'


def test_headings_go_down_one_level_at_a_time(experiment_html, ask_browser):
    levels = "[...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])"
    found = json.loads(ask_browser(experiment_html, levels, 1280))

    assert found[0] == 1
    assert np.diff(found).max() == 1


def test_every_wide_table_can_be_scrolled_with_the_keyboard(
    experiment_html, ask_browser
):
    stuck = (
        "[...document.querySelectorAll('.scroll')]"
        ".filter(s => s.tabIndex < 0 || !(s.ariaLabel"
        " || s.getAttribute('aria-labelledby'))).length"
    )
    assert ask_browser(experiment_html, stuck, 400) == "0"


def test_links_lead_to_sections_that_exist(experiment_html, ask_browser):
    lost = (
        "[...document.querySelectorAll('a[href^=\"#\"]')]"
        ".filter(a => !document.querySelector(a.hash)).map(a => a.hash)"
    )
    assert ask_browser(experiment_html, lost, 1280) == "[]"


def test_every_dot_lies_in_its_plot(experiment_html, ask_browser):
    outside = (
        "[...document.querySelectorAll('.dot')].filter(d => {"
        "const a = d.getBoundingClientRect(),"
        " b = d.parentElement.getBoundingClientRect();"
        "return a.right < b.left || a.left > b.right || a.bottom < b.top - 1"
        " || a.top > b.bottom + 1}).length + '/'"
        " + document.querySelectorAll('.dot').length"
    )
    assert ask_browser(experiment_html, outside, 400) == '"0/22"'
