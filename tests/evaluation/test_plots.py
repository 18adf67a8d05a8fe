import pytest

from llmvis.evaluation.plots import charts


def test_training_and_validation_loss_share_a_chart(tmp_path):
    curves = tmp_path / "curves.csv"
    curves.write_text("step,loss,validation_loss\n0,4.0,\n10,2.0,3.0\n20,1.0,2.5\n")
    (chart,) = charts(curves)

    assert chart.title == "loss"
    assert chart.last_step == 20
    assert [line.label for line in chart.lines] == ["loss", "validation_loss"]
    assert [line.last for line in chart.lines] == [1.0, 2.5]


def test_a_line_runs_from_the_upper_left_to_the_lower_right(tmp_path):
    curves = tmp_path / "curves.csv"
    curves.write_text("step,loss\n0,3.0\n5,2.0\n10,1.0\n")
    (chart,) = charts(curves)
    points = [
        tuple(float(number) for number in point.split(","))
        for point in chart.lines[0].points.split()
    ]

    assert [x for x, _ in points] == pytest.approx([0, 50, 100])
    assert points[0][1] == 0.0
    assert points[-1][1] == 100.0


@pytest.mark.parametrize("content", ["", "time,words\n1,a\n", "step\n1\n"])
def test_a_file_without_curves_gives_no_chart(tmp_path, content):
    curves = tmp_path / "curves.csv"
    curves.write_text(content)

    assert charts(curves) == []


def test_no_file_gives_no_chart(tmp_path):
    assert charts(tmp_path / "curves.csv") == []
