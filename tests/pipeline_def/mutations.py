"""Single changes that break the good definition, each with its topic and a word that a finding must name."""

from __future__ import annotations

from tests.pipeline_def import (
    mutations_backtest,
    mutations_contract,
    mutations_gate,
    mutations_jobs,
    mutations_references,
    mutations_secrets,
    mutations_structure,
)
from tests.pipeline_def.mutation import MUTATIONS, Mutation

__all__ = [
    "CANARY",
    "MUTATIONS",
    "Mutation",
    "mutations_contract",
    "mutations_backtest",
    "mutations_gate",
    "mutations_jobs",
    "mutations_references",
    "mutations_structure",
]

CANARY = mutations_secrets.CANARY
