"""What takes turns comes to its turn, and what is always tried leaves no function of a network out."""

from __future__ import annotations

import pytest

from tests import turns
from tests.conftest import one_golden_per_class, stands_for_all
from trivium.models import catalogue


def test_every_function_is_compiled() -> None:
    """Some class that is always compiled runs it; of every architecture there is one, and not all are needed."""
    classes = one_golden_per_class()
    chosen = turns.that_differ(classes)
    ran, there = (
        set().union(*(turns.functions(catalogue.network_class(golden.class_name)) for golden in some))
        for some in (chosen, classes)
    )
    assert ran == there and len(there) > 300
    assert ("trivium.models.bert.network", "BertModel.forward") in ran
    assert {golden for golden in classes if stands_for_all(golden)} <= set(chosen)
    assert len(chosen) < 2 / 3 * len(classes)


def test_a_new_function_is_seen() -> None:
    """A class that has a method of its own differs, in itself or in its body; one that only combines does not."""
    found = turns.functions(catalogue.network_class("BertForTokenClassification"))
    assert ("trivium.models.heads", "TokenClassification.forward") in found
    assert ("trivium.models.bert.network", "BertModel.forward") in found
    goldens = [golden for golden in one_golden_per_class() if golden.model_type in ("bert", "electra")]
    names = {golden.class_name for golden in turns.that_differ(goldens)}
    assert {"BertForNextSentencePrediction", "ElectraForPreTraining", "ElectraForMultipleChoice"} <= names
    assert "ElectraForTokenClassification" not in names


def test_everything_has_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once in as many turns as there are; all at once if that is asked for."""
    tried = []
    for turn in range(turns.TURNS):
        monkeypatch.setattr(turns, "turn", lambda turn=turn: turn)
        tried += [golden for golden in one_golden_per_class() if turns.has_its_turn(golden)]
    assert sorted(map(repr, tried)) == sorted(map(repr, one_golden_per_class()))
    monkeypatch.setattr(turns, "ALL", True)
    assert all(map(turns.has_its_turn, one_golden_per_class()))


def test_commits_have_other_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIVIUM_TURN", "5")
    assert turns.turn.__wrapped__() == 5
    monkeypatch.delenv("TRIVIUM_TURN")
    monkeypatch.setattr(turns.subprocess, "run", lambda *_, **__: type("Done", (), {"stdout": "0000002a" + 32 * "f" + "\n"}))
    assert turns.turn.__wrapped__() == 42

    def fails(*_: object, **__: object) -> None:
        raise OSError

    monkeypatch.setattr(turns.subprocess, "run", fails)
    assert turns.turn.__wrapped__() == 0
