import pytest

from local_run.emulator.delivery.input_path import value_at

EVENT = {
    "detail-type": "a change",
    "resources": ["first", "second"],
    "detail": {"stepName": "Train", "metadata": {"x": [{"y": 1}]}},
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", EVENT),
        ("$.detail.stepName", "Train"),
        ("$['detail-type']", "a change"),
        ('$["detail-type"]', "a change"),
        ("$.detail-type", "a change"),
        ("$.resources[1]", "second"),
        ("$.detail.metadata.x[0].y", 1),
        ("$.resources[2]", None),
        ("$.detail.absent.below", None),
        ("$.detail[0]", None),
    ],
)
def test_the_part_of_an_event_at_a_path(path: str, value: object) -> None:
    assert value_at(EVENT, path) == value


@pytest.mark.parametrize("path", ["detail", "$.resources[*]", "$..stepName", "$.detail[", "$.detail['x\"]"])
def test_a_path_that_eventbridge_does_not_accept(path: str) -> None:
    with pytest.raises(ValueError, match="InputPath is"):
        value_at(EVENT, path)
