from typing import Annotated, Literal

import pytest
from pydantic import Field

from stages.base.params import Count, Section
from stages.base.problems import problems


class Circle(Section):
    kind: Literal["circle"]
    radius: Count


class Square(Section):
    kind: Literal["square"]
    side: Count


class Drawing(Section):
    shapes: list[Annotated[Circle | Square, Field(discriminator="kind")]]
    names: Literal["all"] | list[str]
    widths: dict[Annotated[str, Field(pattern=r"^\w+$")], Count]


RIGHT = {"shapes": [{"kind": "circle", "radius": 1}], "names": "all", "widths": {"pen": 1}}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        (
            {"shapes": [RIGHT["shapes"][0], {"kind": "circle", "radius": 0}]},
            ["drawing.shapes.1.radius: input should be greater than or equal to 1 (got 0)"],
        ),
        (
            {"shapes": [{"kind": "square", "sid": 1}]},
            ["drawing.shapes.0.side: missing", "drawing.shapes.0.sid: unknown key, did you mean side?"],
        ),
        ({"shapes": [{"radius": 1}]}, ["drawing.shapes.0.kind: missing"]),
        (
            {"shapes": [{"kind": "sqare", "side": 1}]},
            [
                "drawing.shapes.0.kind: input tag 'sqare' found using 'kind' does not match any of the expected tags: "
                "'circle', 'square', did you mean square? (got 'sqare')"
            ],
        ),
        (
            {"names": 3},
            [
                "drawing.names: input should be 'all' (got 3)",
                "drawing.names: input should be a valid list (got 3)",
            ],
        ),
        ({"widths": {"a b": 1}}, [r"drawing.widths.a b: string should match pattern '^\w+$' (got 'a b')"]),
        ({"widths": {7: 1}}, ["drawing.widths.7: input should be a valid string (got 7)"]),
        ({"xyz": 1}, ["drawing.xyz: unknown key"]),
    ],
)
def test_a_problem_stands_at_its_dotted_key_whatever_the_type_is_made_of(changes, expected):
    assert problems(RIGHT | changes, Drawing, "drawing") == expected


def test_a_whole_file_has_no_key():
    assert problems(None, Drawing) == ["the file is empty"]
    assert problems([], Drawing) == ["input should be a valid dictionary or instance of Drawing (got [])"]
    assert problems(RIGHT | {"names": []}, Drawing) == []
