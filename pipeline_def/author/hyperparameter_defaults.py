"""Default values of the pipeline's hyperparameter parameters, as the strings that the algorithm receives.

Only the author of the definition reads this table. It is not in `contracts/` because the image and the functions contain
`contracts/`: a new default then changes the pipeline's definition and nothing else. After an edit, run
`python -m pipeline_def generate`.
"""

from __future__ import annotations

from collections.abc import Mapping

#: The algorithm's documented default if it has one, except for the four that docs/deepar.md explains under "Defaults": epochs,
#: learning_rate, mini_batch_size and early_stopping_patience. Names, types and ranges are in contracts.hyperparameters.
DEFAULTS: Mapping[str, str] = {
    "time_freq": "D",
    "prediction_length": "20",
    "context_length": "40",
    "epochs": "100",
    "learning_rate": "0.005",
    "mini_batch_size": "32",
    "num_cells": "40",
    "num_layers": "2",
    "dropout_rate": "0.1",
    "embedding_dimension": "10",
    "likelihood": "student-T",
    "cardinality": "auto",
    "num_dynamic_feat": "auto",
    "num_eval_samples": "100",
    "test_quantiles": "[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]",
    # The algorithm's own default is "unset": train all epochs and keep the last model. A pipeline parameter cannot be unset.
    "early_stopping_patience": "20",
}
