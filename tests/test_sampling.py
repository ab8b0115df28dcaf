"""What sampling draws: in every backend spread as the truncations' definitions say, computed here once more in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.backends import Backend, each_backend
from tests.test_generation import bound, native
from trivium.generation.config import GenerationConfig

DRAWS, VOCABULARY = 20_000, 23
LOGITS = np.random.default_rng(7).normal(0, 2, VOCABULARY)


def chances(logits: np.ndarray) -> np.ndarray:
    """Their softmax, float64."""
    grown = np.exp(logits - logits.max())
    return grown / grown.sum()


def kept(p: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Chances of the chosen alone."""
    left = np.where(chosen, p, 0)
    return left / left.sum()


def first(p: np.ndarray, order: np.ndarray, total: float, weights: np.ndarray | None = None) -> np.ndarray:
    """Chances of the fewest, in an order, whose weights (the chances) sum to a total or more."""
    sums = np.cumsum((p if weights is None else weights)[order])
    chosen = np.zeros(len(p), bool)
    chosen[order[: int(np.searchsorted(sums, total)) + 1]] = True
    return kept(p, chosen)


def entropy(p: np.ndarray) -> float:
    """In nats."""
    return float(-(p * np.log(p)).sum())


def typical(p: np.ndarray, mass: float) -> np.ndarray:
    """Locally typical sampling."""
    return first(p, np.argsort(np.abs(-np.log(p) - entropy(p))), mass)


def top_h(p: np.ndarray, h: float) -> np.ndarray:
    """The likeliest whose shares of the entropy stay within h of it."""
    order = np.argsort(-p)
    within = np.cumsum(-(p * np.log(p))[order]) <= h * entropy(p)
    chosen = np.zeros(len(p), bool)
    chosen[order[: max(1, int(within.sum()))]] = True
    return kept(p, chosen)


CASES: tuple[tuple[dict[str, Any], Callable[[np.ndarray], np.ndarray]], ...] = (
    ({}, lambda p: p),
    ({"temperature": 0.6}, lambda p: chances(LOGITS / 0.6)),
    ({"temperature": 2.5}, lambda p: chances(LOGITS / 2.5)),
    ({"top_k": 6}, lambda p: kept(p, p >= np.sort(p)[-6])),
    ({"top_p": 0.8}, lambda p: first(p, np.argsort(-p), 0.8)),
    ({"min_p": 0.1}, lambda p: kept(p, p >= 0.1 * p.max())),
    ({"typical_p": 0.7}, lambda p: typical(p, 0.7)),
    ({"epsilon_cutoff": 0.02}, lambda p: kept(p, p >= 0.02)),
    ({"eta_cutoff": 0.03}, lambda p: kept(p, p >= min(0.03, np.sqrt(0.03) * np.exp(-entropy(p))))),
    ({"top_h": 0.6}, lambda p: top_h(p, 0.6)),
    (
        {"temperature": 1.5, "top_k": 9, "top_p": 0.9},
        lambda p: first(q := kept(r := chances(LOGITS / 1.5), r >= np.sort(r)[-9]), np.argsort(-q), 0.9),
    ),
)


def limit(freedom: int) -> float:
    """What chi-squared exceeds once in a thousand seeds. Source: Wilson and Hilferty, 1931."""
    return freedom * (1 - 2 / (9 * freedom) + 3.09 * np.sqrt(2 / (9 * freedom))) ** 3


def drawn_tokens(backend: Backend, options: dict[str, Any], seed: int) -> np.ndarray:
    """Tokens that are drawn by the logits: (DRAWS,)."""
    c = GenerationConfig(**{"do_sample": True, "top_k": 0} | options)
    decoding, chains = bound(backend, "decoding"), bound(backend, "chains")
    steps, numbers = chains.split(chains.chain(c))
    tokens, zero = native(backend, np.zeros((DRAWS, 1), np.int32)), native(backend, np.int32(0))
    rows, none = native(backend, np.zeros(DRAWS, np.int32)), native(backend, np.zeros((DRAWS, 0), np.int32))
    given = decoding.Given(rows, zero, zero + 9, native(backend, np.array(numbers, np.float32)), zero, none, none == none, {})
    logits = native(backend, np.repeat(LOGITS[None].astype(np.float32), DRAWS, 0))
    key = bound(backend, "decoding").ops.random_key(seed, like=logits)
    found, _, _ = decoding.choose(decoding.Plan(steps=steps, sample=True), given, tokens, zero, logits, key)
    return backend.numpy(found)


@pytest.mark.parametrize(("options", "reference"), CASES, ids=["-".join(options) or "plain" for options, _ in CASES])
@each_backend
def test_distributions(backend: Backend, options: dict[str, Any], reference: Callable[[np.ndarray], np.ndarray]) -> None:
    """Counts of drawn tokens fit the reference by chi-squared, and not what is not asked for; nothing cut off is drawn."""
    counts = np.bincount(drawn_tokens(backend, options, seed=1), minlength=VOCABULARY)
    p = reference(chances(LOGITS))
    assert not counts[p == 0].any()

    def statistic(wanted: np.ndarray) -> float:
        possible = wanted > 0
        return float(((counts - DRAWS * wanted)[possible] ** 2 / (DRAWS * wanted[possible])).sum())

    freedom = int((p > 0).sum()) - 1
    assert freedom >= 2 and statistic(p) < limit(freedom)
    other = chances(LOGITS * 1.1) if not options else chances(LOGITS)
    assert statistic(other) > limit(VOCABULARY - 1)


@each_backend
def test_seeds_of_draws(backend: Backend) -> None:
    """One seed draws the same tokens again, another draws others."""
    one, same, other = (drawn_tokens(backend, {"temperature": 3.0}, seed) for seed in (5, 5, 6))
    assert np.array_equal(one, same) and not np.array_equal(one, other)
