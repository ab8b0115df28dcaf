"""Pipelines answer as Transformers 4.52.4's do, in every framework; and what users may ask of them besides."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trivium
from tests import drawn, pipelines_table
from tests.backends import Backend, each_backend
from trivium.core.errors import ConfigError, InputError, NotFound, TriviumError
from trivium.pipelines import pipeline

GOLDEN = json.loads((Path(__file__).parent / "goldens" / "pipelines.json").read_text())
CASES = list(zip(pipelines_table.CALLS, GOLDEN, strict=True))


def checkpoint(name: str, folder: Path) -> Path:
    """A small checkpoint of drawn weights, as the goldens' script wrote it."""
    place = folder / name
    if place.exists():
        return place
    place.mkdir()
    values = pipelines_table.config(name)
    cls = getattr(trivium.numpy, values["architectures"][0])
    model = cls(cls.config_class.from_dict(values), seed=None)
    model.assign_weights({weight.name: drawn.weight(weight.name, weight.shape) for weight in model.layout})
    model.save_pretrained(place)
    pipelines_table.lay_out(name, place)
    return place


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the checkpoints of this module are."""
    return tmp_path_factory.mktemp("pipelines")


def near(found: Any, expected: Any, where: str = "") -> None:
    """The same names, texts and whole numbers; scores within rounding."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), where
        for name in expected:
            near(found[name], expected[name], f"{where}.{name}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for number, (one, other) in enumerate(zip(found, expected, strict=True)):
            near(one, other, f"{where}[{number}]")
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=2e-4, abs=2e-6), where
    else:
        assert found == expected, where


@each_backend
@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{task}-{number}" for number, ((task, *_), _) in enumerate(CASES)])
def test_goldens(number: int, backend: Backend, folder: Path) -> None:
    """Every task, as Transformers answers it."""
    (task, name, item, options), golden = CASES[number]
    pipe = pipeline(task, str(checkpoint(name, folder)), backend=backend.name)
    item = pipelines_table.given(item)
    answer = pipe(**item, **options) if task == "question-answering" else pipe(item, **options)
    near(pipelines_table.plain(answer), golden["answer"])


# What users do


def test_items_of_every_kind(folder: Path) -> None:
    """One text, a list, an iterator that answers as it goes, a dataset; whatever goes through the model at once."""
    pipe = pipeline("sentiment-analysis", str(checkpoint("classes", folder)), backend="numpy")
    texts = ["the dog", "hello", "the quick brown fox jumps", "a", "is it you"]
    alone = [pipe(text, top_k=1)[0] for text in texts]
    near(pipe(texts, top_k=1, batch_size=2, progress=False), [[one] for one in alone])
    asked: list[str] = []

    def source() -> Any:
        for text in texts:
            asked.append(text)
            yield text

    answers = pipe(source(), batch_size=1)
    assert not asked
    near(next(answers), alone[0])
    assert len(asked) == 1 and len(list(answers)) == 4

    class Dataset:
        def __len__(self) -> int:
            return 2

        def __getitem__(self, index: int) -> str:
            return texts[index]

    near(list(pipe(Dataset())), alone[:2])
    assert pipe([]) == []


def test_the_task_is_what_the_checkpoint_is_for(folder: Path) -> None:
    """And a model of any framework will do."""
    place = checkpoint("masked", folder)
    assert pipeline(model=str(place), backend="np").task == "fill-mask"
    model = trivium.numpy.BertForMaskedLM.from_pretrained(place)
    pipe = pipeline(model=model, tokenizer=str(place))
    assert pipe("the [MASK]", top_k=1)[0]["token_str"] and pipe.model is model
    assert pipeline("ner", str(checkpoint("names", folder)), framework="np", aggregation_strategy="simple")("the dog")[0][
        "entity_group"
    ]


REFUSED: list[tuple[dict[str, Any], type[TriviumError], str]] = [
    ({"task": "text-clasification", "model": "classes"}, InputError, "did you mean 'text-classification'"),
    ({"task": "fill-mask", "model": "classes", "backend": "tensorflw"}, InputError, "did you mean 'tensorflow'"),
    ({"task": "fill-mask", "model": "classes", "topk": 3}, InputError, "did you mean 'top_k'"),
    ({"task": "image-classification", "model": "classes"}, ConfigError, "it has: .*AutoModelForSequenceClassification"),
    ({"task": "text-classification", "model": "nowhere-to/be-found", "local_files_only": True}, TriviumError, "hf download"),
    ({"task": "text-classification"}, InputError, "no default|pass model|not in the cache"),
    ({"model": "vectors"}, InputError, "is for no task alone"),
    ({}, InputError, "neither task nor model"),
    ({"task": "text-classification", "model": "pictures"}, ConfigError, "AutoModelForImageClassification"),
    ({"task": "text-classification", "model": "classes", "device": 0}, InputError, "PyTorch's"),
]


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_refusals(number: int, folder: Path) -> None:
    """Wrong names, tasks that the checkpoint is not for, parts that are missing."""
    options, error, message = REFUSED[number]
    options = {"backend": "numpy", **options}
    if options.get("model") in pipelines_table.CHECKPOINTS:
        options["model"] = str(checkpoint(options["model"], folder))
    if options.keys() == {"backend", "task"}:
        options["local_files_only"], error = True, TriviumError
    with pytest.raises(error, match=message):
        pipeline(**options)


def test_a_part_that_is_missing(folder: Path, tmp_path: Path) -> None:
    """The error says which task needs it, and where it was looked for."""
    place = checkpoint("classes", folder)
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes((place / name).read_bytes())
    with pytest.raises(NotFound, match=r"text-classification needs it.*vocab\.txt"):
        pipeline("text-classification", str(tmp_path), backend="numpy")
    model = trivium.numpy.BertForSequenceClassification.from_pretrained(place)
    with pytest.raises(InputError, match="needs a tokenizer"):
        pipeline("text-classification", model)


@pytest.mark.parametrize(
    ("task", "name", "item", "options", "message"),
    [
        ("text-classification", "classes", 3, {}, "takes texts"),
        ("text-classification", "classes", "the " * 200, {}, "truncation=True"),
        ("text-classification", "classes", "the", {"function_to_apply": "softmin"}, "softmax"),
        ("token-classification", "names", "the", {"aggregation_strategy": "best"}, "simple"),
        ("question-answering", "answers", {"question": "who?"}, {}, "no context"),
        ("fill-mask", "masked", "no mask here", {}, r"no \[MASK\]"),
        ("zero-shot-classification", "follows", "the", {}, "no label"),
        ("zero-shot-classification", "classes", "the", {"candidate_labels": "a"}, "entailment"),
        ("text-generation", "writes", "the", {"max_new_tokns": 3}, "max_new_tokens"),
        ("automatic-speech-recognition", "speech", {"raw": [0.0]}, {}, "sampling_rate"),
        ("image-classification", "pictures", "nowhere.png", {}, "nowhere.png"),
    ],
)
def test_bad_items(task: str, name: str, item: Any, options: dict[str, Any], message: str, folder: Path) -> None:
    """Each says what is wrong with it."""
    pipe = pipeline(task, str(checkpoint(name, folder)), backend="numpy")
    with pytest.raises(TriviumError, match=message):
        pipe(item, **options)


def test_results_are_drawn(folder: Path, tmp_path: Path) -> None:
    """Masks and boxes on their image."""
    from PIL import Image

    from trivium.pipelines.results import Boxes

    pipe = pipeline("image-segmentation", str(checkpoint("regions", folder)), backend="numpy")
    picture = pipelines_table.given("picture")
    pipe(picture).save(tmp_path / "masks.png")
    box = {"xmin": 5, "ymin": 12, "xmax": 30, "ymax": 35}
    Boxes([{"label": "dog", "score": 0.9, "box": box}], image=picture).save(tmp_path / "boxes.png")
    for name in ("masks", "boxes"):
        drawing = Image.open(tmp_path / f"{name}.png")
        assert drawing.size == picture.size and not np.array_equal(np.asarray(drawing), np.asarray(picture))


def test_chats(folder: Path) -> None:
    """A chat's answer is a message more."""
    pipe = pipeline("text-generation", str(checkpoint("writes", folder)), backend="numpy", do_sample=False, max_new_tokens=2)
    pipe.tokenizer.chat_template = "{% for m in messages %}{{ m.content }} {% endfor %}"
    (answer,) = pipe([{"role": "user", "content": "hello"}])
    assert [one["role"] for one in answer["generated_text"]] == ["user", "assistant"]
