def test_every_dot_lies_in_its_plot(experiment_page, ask_browser):
    outside = (
        "[...document.querySelectorAll('.dot')].filter(d => {"
        "const a = d.getBoundingClientRect(),"
        " b = d.parentElement.getBoundingClientRect();"
        "return a.right < b.left || a.left > b.right || a.bottom < b.top - 1"
        " || a.top > b.bottom + 1}).length + '/'"
        " + document.querySelectorAll('.dot').length"
    )
    assert ask_browser(experiment_page, outside, 400) == '"0/22"'
