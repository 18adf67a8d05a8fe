import json


def test_every_row_of_a_table_is_as_long_as_its_headings(compare_page, ask_browser):
    lengths = (
        "[...document.querySelectorAll('table')].map(t =>"
        " new Set([...t.rows].map(r => r.cells.length)).size)"
    )
    assert ask_browser(compare_page, lengths, 1280) == "[1,1]"


def test_each_split_and_language_has_a_row_and_the_judge_a_share(
    compare_page, ask_browser
):
    cells = (
        "[...document.querySelectorAll('table')[1].tBodies[0].rows]"
        ".map(r => r.cells[2].innerText + r.lastElementChild.innerText)"
    )
    shares = json.loads(ask_browser(compare_page, cells, 1280))

    assert [one.replace("&nbsp;", " ") for one in shares] == [
        "697 % 95–99",
        "6",
        "6",
        "6",
    ]
