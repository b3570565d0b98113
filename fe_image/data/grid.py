"""The calendar grid: the cells of the panel's rows, of the training range and of the windows after it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from contracts.backtest import WindowKind
from contracts.problems import Problem, ProblemsError
from contracts.ranges import too_few_windows
from contracts.template import TrainingTemplate, to_data
from fe_image.data.arrays import Floats, Panel, Times
from fe_image.data.frequency import Cells, Frequency, format_array_time


@dataclass(frozen=True)
class Grid:
    """Cells 0 … ``cells`` − 1, one step of the frequency each, from the panel's first row to the end of the last window.

    ``row_cell`` is the cell of each panel row on the grid. ``train_rows`` and ``train_cells`` are the numbers of rows and cells
    of the training range, which ends with a row. Window k forecasts ``prediction_length`` cells, starting with cell
    ``first_window`` + k · ``prediction_length``. In a training, the windows follow the training range: first the calibration
    windows, then the test windows. In a forecast, the only window follows the last row.
    """

    times: Times
    row_cell: Cells
    train_rows: int
    train_cells: int
    first_window: int
    prediction_length: int
    calibration_windows: int
    test_windows: int
    forecast_windows: int = 0

    @property
    def cells(self) -> int:
        return self.times.size

    @property
    def windows(self) -> int:
        return self.calibration_windows + self.test_windows + self.forecast_windows

    def kind(self, window: int) -> WindowKind:
        """Return what a window is for."""
        if self.forecast_windows:
            return "forecast"
        return "calibration" if window < self.calibration_windows else "test"

    def window_start(self, window: int) -> int:
        """Return the first cell that a window forecasts."""
        return self.first_window + window * self.prediction_length

    def place(self, values: Floats) -> Floats:
        """Return values by cell instead of by row: (…, rows) → (…, cells). Cells without a row are NaN."""
        out = np.full((*values.shape[:-1], self.cells), np.nan)
        out[..., self.row_cell] = values[..., : self.row_cell.size]
        return out

    def last_row(self) -> Cells:
        """Return the latest row in or before each cell, shape (cells,)."""
        return np.searchsorted(self.row_cell, np.arange(self.cells), side="right") - 1


def make_grid(panel: Panel, template: TrainingTemplate, limits: str, partial: bool = False) -> Grid:
    """Return the grid of a panel.

    With ``partial``, windows after the panel's end are omitted; otherwise they are an error. ``limits`` says in messages
    which assets limit the common rows.

    Raises:
        ProblemsError: the training range is too short, or there are too few rows for the windows.
    """
    frequency, anchor, row_cell = _placed(panel, template)
    train_rows = _train_rows(panel, template)
    length = template.prediction_length
    _check_training(panel, template, train_rows, row_cell, limits)
    train_cells = int(row_cell[train_rows - 1]) + 1
    wanted = template.calibration_windows + template.test_windows
    windows = min(wanted, int(row_cell[-1] + 1 - train_cells) // length)
    if windows < wanted and not partial:
        raise ProblemsError("template", [_too_few_windows(panel, template, train_cells, row_cell, limits)])
    cells = train_cells + windows * length
    times = frequency.times(np.arange(cells, dtype=np.int64), anchor)
    calibration = min(windows, template.calibration_windows)
    inside = row_cell[row_cell < cells]
    return Grid(times, inside, train_rows, train_cells, train_cells, length, calibration, windows - calibration)


def forecast_grid(panel: Panel, template: TrainingTemplate, limits: str) -> Grid:
    """Return the grid of a forecast: up to the panel's last row, and ``prediction_length`` cells beyond it.

    Raises:
        ProblemsError: the training range is too short.
    """
    frequency, anchor, row_cell = _placed(panel, template)
    train_rows = _train_rows(panel, template)
    _check_training(panel, template, train_rows, row_cell, limits)
    start = int(row_cell[-1]) + 1
    times = frequency.times(np.arange(start + template.prediction_length, dtype=np.int64), anchor)
    train_cells = int(row_cell[train_rows - 1]) + 1
    return Grid(times, row_cell, train_rows, train_cells, start, template.prediction_length, 0, 0, forecast_windows=1)


def _placed(panel: Panel, template: TrainingTemplate) -> tuple[Frequency, int, Cells]:
    """Return the frequency, the unit with which cell 0 starts, and the cell of each row."""
    frequency = Frequency.parse(template.frequency)
    anchor = panel.origin + frequency.multiple * int(frequency.cells(panel.times[:1], panel.origin)[0])
    return frequency, anchor, frequency.cells(panel.times, anchor)


def _train_rows(panel: Panel, template: TrainingTemplate) -> int:
    return int(np.searchsorted(panel.times, np.datetime64(template.training_end, "s"), side="right"))


def _check_training(panel: Panel, template: TrainingTemplate, train_rows: int, row_cell: Cells, limits: str) -> None:
    """Raise ProblemsError unless the training range has rows, and more steps than a context and than a forecast."""
    first, last = (format_array_time(panel.times[row], panel.times) for row in (0, -1))
    span = f"the common rows run from {first} to {last} ({panel.rows} rows; {limits})"
    if train_rows < 2:
        allowed = f"allowed: a date with at least 2 rows up to it; {span}, {train_rows} of them up to endTraining"
        raise ProblemsError("template", [Problem("endTraining", template.end_training, allowed)])
    steps = int(row_cell[train_rows - 1]) + 1
    needed = {"predictionLength": template.prediction_length, "contextLength": template.context_length}
    problems = [
        Problem(name, value, f"allowed: less than the {steps} steps of the training range ({train_rows} rows); {span}")
        for name, value in needed.items()
        if value >= steps
    ]
    if problems:
        raise ProblemsError("template", problems)


def _too_few_windows(panel: Panel, template: TrainingTemplate, train_cells: int, row_cell: Cells, limits: str) -> Problem:
    available = int(row_cell[-1]) + 1 - train_cells
    what = f"the common rows, which end {format_array_time(panel.times[-1], panel.times)} ({limits}),"
    wanted = (template.calibration_windows + template.test_windows) * template.prediction_length
    enough = np.flatnonzero(row_cell <= row_cell[-1] - wanted)
    latest = format_array_time(panel.times[enough[-1]], panel.times) if enough.size else "(no date leaves enough)"
    return too_few_windows(to_data(template), available, what, latest)
