import pandas as pd
import pytest

TABLE = pd.DataFrame(
    {"Path": ["sub/a.png", "sub\\b.png"], "Caption": ["a cat, red", "a dog"]}
)


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.xlsx", "t.jsonl", "t.parquet"])
@pytest.mark.parametrize("named", [True, False])
def test_a_table_of_any_kind_is_read_alone_or_in_its_folder(
    tmp_path, save, listed, take_in, name, named
):
    for number, file in enumerate(("a.png", "b.png")):
        save(tmp_path / "sub" / file, number)
    path = tmp_path / name
    match path.suffix:
        case ".csv":
            TABLE.to_csv(path, index=False)
        case ".tsv":
            TABLE.to_csv(path, index=False, sep="\t")
        case ".xlsx":
            TABLE.to_excel(path, index=False)
        case ".jsonl":
            TABLE.to_json(path, orient="records", lines=True)
        case ".parquet":
            TABLE.to_parquet(path)

    where = path if named else tmp_path
    items, refused = listed("caption_table", where)

    assert [item.captions[0].text for item in items] == ["a cat, red", "a dog"]
    assert not refused
    assert take_in(where).counts["refused"] == 0


def test_line_breaks_and_quotation_marks_stay_in_a_caption(tmp_path, listed):
    (tmp_path / "t.csv").write_text('file,text\na.png,"a ""big"" cat\non a mat"\n')

    [item], _ = listed("caption_table", tmp_path)

    assert item.captions[0].text == 'a "big" cat\non a mat'
