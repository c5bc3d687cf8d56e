from tests.files import documents


def test_the_page_about_files_says_what_happens():
    """If this fails, run `python -m tests.files.documents` and read what changed."""
    assert documents.PAGE.read_text(encoding="utf-8") == documents.page()
