"""Questions with the programs that answer them: GQA's and xGQA's files with `semantic`."""

from xstilts.base.errors import DataError
from xstilts.programs.layout import LayoutError, parse_layout, read_layout
from xstilts.tasks.examples import LayoutExample, Reading
from xstilts.tasks.rows import Row
from xstilts.tasks.source import Source, reads
from xstilts.tasks.vqa import gqa_question, gqa_rows

Read = Reading[LayoutExample]
_TODO = "give the official file with programs, or use a vqa task for questions without them"


@reads(lambda source: gqa_rows(source))
def read_gqa_program(row: Row, source: Source) -> LayoutExample:
    """GQA's layout of questions, as `vqa.read_gqa`, with `semantic`: xGQA's files have it in all languages.

    Raises:
        DataError: naming the file and the question's id; also where its program is missing or is no layout.
    """
    one, steps = gqa_question(row, source), row.content.get("semantic")
    if not isinstance(steps, list) or not steps:
        raise row.error("no program", "a list of steps in semantic", _TODO)
    layout = read_layout(steps, source.path, one.id)
    structural = one.structural or layout.structural
    about = (one.answer, one.image, structural, one.semantic)
    return LayoutExample(one.id, one.language, one.question, str(layout), *about)


@reads()
def read_rows(row: Row, source: Source) -> LayoutExample:
    """The fields id, question, image, layout, answer as JSON lines; a layout as `str()` writes it."""
    row.check_language(source.language)
    text = row.text("layout")
    about = (text, row.text("answer"), row.image("image", source.images), _structural(row, text))
    return LayoutExample(row.key("id"), source.language, row.text("question"), *about)


def _structural(row: Row, text: str) -> str:
    try:
        return parse_layout(text).structural
    except LayoutError as error:
        raise DataError(row.path, row.place, error.found, error.expected, "correct the row") from None
