"""One contract for every registered transformer (contracts 4 and 7 of the design)."""

from __future__ import annotations

import doctest
import inspect
import warnings
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.feature_settings import GROUPS, Calendar, Features
from contracts.problems import ProblemsError
from fe_image.data.arrays import Floats, Panel, Times
from fe_image.engineer import engineer
from fe_image.features.base import State, Transformer
from fe_image.features.registry import TRANSFORMERS, transformer
from tests.examples import examples
from tests.fe_image.support import VARIANTS, histories, template, walk

#: Groups whose values come out of sums that a library may order differently for other lengths.
LINEAR_ALGEBRA = {"arima", "spectral", "autoencoder", "pca"}
TRAIN_ROWS = 250
ids = [f"{group}-{index}" for index, (group, _) in enumerate(VARIANTS)]


def make(group: str, changes: dict) -> Transformer:
    return transformer(group, Features.model_validate({group: changes}, strict=False).chosen()[group], seed=1)


def test_every_group_of_a_template_is_registered_and_tried():
    assert set(TRANSFORMERS) == set(GROUPS) == {group for group, _ in VARIANTS}


@pytest.mark.parametrize("group", TRANSFORMERS)
def test_docstring_says_formula_unit_shape_source_and_example(group: str):
    module, name = TRANSFORMERS[group]
    made = getattr(import_module(module), name)
    text = inspect.getdoc(made)
    for word in ("Unit", "Shape", "Source", ">>>"):
        assert word in text, f"{name} says nothing of its {word}"
    assert made.group == group
    found = doctest.DocTestFinder(recurse=False).find(made, name, globs=vars(import_module(module)))
    assert sum(len(test.examples) for test in found) > 0
    for test in found:
        assert doctest.DocTestRunner().run(test).failed == 0


@pytest.mark.parametrize(("group", "changes"), VARIANTS, ids=ids)
def test_shape_names_and_warm_up(group: str, changes: dict):
    panel, made = walk(1), make(group, changes)
    values = made.fit_transform(panel, TRAIN_ROWS)
    assert values.shape == (1 if made.shared else 3, len(made.names), panel.rows)
    assert len(set(made.names)) == len(made.names)
    assert len(made.warm_ups) == len(made.names)
    assert made.warm_up == max(made.warm_ups)
    for feature, warm_up in zip(values.transpose(1, 0, 2), made.warm_ups, strict=True):
        assert np.isnan(feature[:, :warm_up]).all(), "a warm-up that is filled in knows what came later"
        assert np.isfinite(feature[:, warm_up:]).all()


@pytest.mark.parametrize(("group", "changes"), VARIANTS, ids=ids)
@given(seed=st.integers(0, 10_000), share=st.floats(0.0, 1.0))
@examples(4)
def test_a_feature_of_a_prefix_is_the_prefix_of_the_feature(group: str, changes: dict, seed: int, share: float):
    panel, made = walk(seed, rows=320), make(group, changes)
    state = made.fit(panel.head(TRAIN_ROWS), TRAIN_ROWS)
    whole = made.transform(panel, state)
    rows = made.warm_up + 1 + int(share * (panel.rows - made.warm_up - 1))
    part = made.transform(panel.head(rows), state)
    if group in LINEAR_ALGEBRA:
        np.testing.assert_allclose(part, whole[..., :rows], rtol=1e-12, atol=1e-15)
    else:
        np.testing.assert_array_equal(part, whole[..., :rows])


@pytest.mark.parametrize(("group", "changes"), VARIANTS, ids=ids)
def test_fitting_sees_the_training_rows_alone(group: str, changes: dict):
    panel, made = walk(2), make(group, changes)
    close = panel.close.copy()
    close[:, TRAIN_ROWS:] *= np.linspace(1, 50, panel.rows - TRAIN_ROWS)
    changed = Panel(panel.assets, panel.times, close)
    before = made.fit_transform(panel, TRAIN_ROWS)[..., :TRAIN_ROWS]
    after = made.fit_transform(changed, TRAIN_ROWS)[..., :TRAIN_ROWS]
    np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize(("group", "changes"), VARIANTS, ids=ids)
def test_prices_that_never_move_give_finite_features(group: str, changes: dict):
    panel = walk(3)
    flat = Panel(panel.assets, panel.times, np.full(panel.close.shape, 42.0))
    values = make(group, changes).fit_transform(flat, TRAIN_ROWS)
    assert np.isfinite(values[..., make(group, changes).warm_up :]).all()


@pytest.mark.parametrize("group", ["pca", "autoencoder"])
def test_codes_of_even_growth_are_not_made_of_rounding(group: str):
    """All returns are one number but for their last bits, which are no movement to be learned."""
    panel = walk(3)
    growth = 100.0 * 1.001 ** np.arange(panel.rows)
    made = make(group, {})
    state = made.fit(Panel(panel.assets, panel.times, np.tile(growth, (len(panel.assets), 1))), TRAIN_ROWS)
    assert (np.asarray(state["deviation"]) == 1.0).all()


@pytest.mark.parametrize(("group", "changes"), VARIANTS, ids=ids)
def test_what_hardly_moved_in_training_is_not_blown_up_after_it(group: str, changes: dict):
    """A deposit's index that grows evenly until the training end: of most features only the last bits differ."""
    panel, end = walk(3), 300
    even = 100 * 1.0001 ** np.arange(panel.rows)
    close = panel.close.copy()
    close[1] = np.concatenate([even[:end], even[end] * close[1, end:] / close[1, end]])
    prices = histories(Panel(panel.assets, panel.times, close))
    changes = changes | ({"codes": 6} if changes.get("codes") == 64 else {})
    data = engineer(prices, template(panel, end, features={group: changes}, importance=None))
    values = np.nan_to_num(data.dynamic.values[1])
    assert np.abs(values).max() <= 10
    if group in ("returns", "lags", "volatility", "momentum", "spectral", "rsi"):
        assert (values[:, : data.grid.train_cells] == 0).all()


@pytest.mark.parametrize(("group", "changes"), VARIANTS, ids=ids)
def test_the_base_class_refuses_what_no_feature_can_use(group: str, changes: dict):
    panel, made = walk(4), make(group, changes)
    state = made.fit(panel.head(TRAIN_ROWS), TRAIN_ROWS)
    for bad in (np.nan, np.inf, *((0.0, -1.0) if made.settings.needs_positive_prices else ())):
        close = panel.close.copy()
        close[1, 300] = bad
        with pytest.raises(ValueError, match="needs prices above 0" if bad <= 0 else "needs finite prices"):
            made.transform(Panel(panel.assets, panel.times, close), state)
    if made.warm_up:
        with pytest.raises(ValueError, match="rows"):
            made.transform(panel.head(made.warm_up), state)


@pytest.mark.parametrize(("group", "changes"), VARIANTS, ids=ids)
def test_the_same_seed_gives_the_same_values(group: str, changes: dict):
    panel = walk(5)
    one, two = (make(group, changes).fit_transform(panel, TRAIN_ROWS) for _ in range(2))
    assert one.tobytes() == two.tobytes()


def test_a_transformer_that_breaks_its_promise_is_caught():
    made = make("rsi", {})
    made.compute = lambda panel, state: np.zeros((3, 2, panel.rows))  # type: ignore[method-assign]
    with pytest.raises(ValueError, match="shape"):
        made.transform(walk(6), {})
    made.compute = lambda panel, state: np.full((3, 1, panel.rows), np.nan)  # type: ignore[method-assign]
    with pytest.raises(ValueError, match="not finite"):
        made.transform(walk(6), {})


@pytest.mark.parametrize(("group", "changes"), [v for v in VARIANTS if v[0] != "calendar"], ids=ids[:-1])
@pytest.mark.parametrize("rows", ["all", "all but the last", "the last"])
def test_a_warm_up_that_is_filled_in_is_refused(group: str, changes: dict, rows: str):
    """This holds for every feature, including the one with the shortest window."""
    panel, made = walk(6), make(group, changes)
    state = made.fit(panel.head(TRAIN_ROWS), TRAIN_ROWS)
    compute = made.compute
    for index, warm_up in enumerate(made.warm_ups):
        filled = {"all": slice(0, warm_up), "all but the last": slice(0, warm_up - 1), "the last": slice(warm_up - 1, warm_up)}

        def back_filled(panel: Panel, state: State, index: int = index, warm_up: int = warm_up, some: slice = filled[rows]):
            values = compute(panel, state)
            values[:, index, some] = values[:, index, warm_up : warm_up + 1]
            return values

        made.compute = back_filled  # type: ignore[method-assign]
        if filled[rows].start < filled[rows].stop:
            with pytest.raises(ValueError, match=f"{made.names[index]} has values in its warm-up of {warm_up} rows"):
                made.transform(panel, state)


@pytest.mark.parametrize(("group", "changes"), VARIANTS, ids=ids)
def test_what_is_known_ahead_depends_on_the_date_alone(group: str, changes: dict):
    panel, made = walk(7), make(group, changes)
    if made.known_ahead:
        np.testing.assert_array_equal(made.at(panel.times), made.fit_transform(panel, TRAIN_ROWS))
    else:
        with pytest.raises(NotImplementedError, match=f"{group} is not known ahead"):
            made.at(panel.times)


class Januaries(Transformer[Calendar]):
    """A user's own feature that is known ahead."""

    group = "calendar"
    shared = True
    known_ahead = True
    names = ("january",)
    warm_ups = (0,)

    def compute(self, panel: Panel, state: State) -> Floats:
        return self.at(panel.times)

    def at(self, times: Times) -> Floats:
        return (times.astype("datetime64[M]").astype(int) % 12 == 0).astype(np.float64)[None, None]


def test_a_feature_of_ones_own_that_is_known_ahead_is_not_lagged(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("fe_image.features.feature_table.transformer", lambda *_: Januaries(Calendar()))
    panel = walk(8)
    data = engineer(histories(panel), template(panel, 300, features={"calendar": {}}, importance=None))
    months = data.grid.times.astype("datetime64[M]").astype(int) % 12
    np.testing.assert_array_equal(data.dynamic.values[0, 0], months == 0)


@pytest.mark.filterwarnings("error")
def test_an_estimate_that_does_not_converge_is_in_the_log(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    import statsmodels.tsa.arima.model as statsmodels_arima
    from statsmodels.tools.sm_exceptions import ConvergenceWarning

    fit = statsmodels_arima.ARIMA.fit

    def warns(self: object) -> object:
        warnings.warn("failed to converge", ConvergenceWarning, stacklevel=2)
        return fit(self)

    monkeypatch.setattr(statsmodels_arima.ARIMA, "fit", warns)
    make("arima", {"order": [0, 1, 1], "refit": "once"}).fit(walk(1), 400)
    found = [record.getMessage() for record in caplog.records if "failed" in record.getMessage()]
    assert found == [f"arima (0, 1, 1) of A{asset}: failed to converge" for asset in range(3)]


def test_an_order_that_cannot_be_estimated_is_a_problem(monkeypatch: pytest.MonkeyPatch):
    import statsmodels.tsa.arima.model as statsmodels_arima

    def fails(self: object) -> None:
        raise np.linalg.LinAlgError("Schur decomposition solver error")

    monkeypatch.setattr(statsmodels_arima.ARIMA, "fit", fails)
    with pytest.raises(ProblemsError, match=r"features\.arima\.order is \[1, 1, 1\]; allowed: .*Schur"):
        make("arima", {"order": [1, 1, 1], "refit": "once"}).fit(walk(1), 400)


@pytest.mark.parametrize(("group", "changes"), VARIANTS, ids=ids)
def test_a_group_that_needs_no_positive_prices_takes_temperatures(group: str, changes: dict):
    """Zero and negative values give finite features, and the values of a shifted series where only differences count."""
    made = make(group, changes)
    if made.settings.needs_positive_prices:
        assert group not in ("rsi", "calendar")
        return
    panel = walk(4)
    cold = Panel(panel.assets, panel.times, panel.close - panel.close.mean())
    values = made.transform(cold, made.fit(cold.head(TRAIN_ROWS), TRAIN_ROWS))
    assert np.isfinite(values[..., made.warm_up :]).all()
    if group in ("rsi", "calendar"):
        np.testing.assert_allclose(values, made.transform(panel, {}), rtol=1e-6, atol=1e-6)
