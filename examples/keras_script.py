"""A TensorFlow script for Transformers 4, moved by one import: `python -m examples.keras_script [DIRECTORY_OR_HUB_ID]`.

It tunes a classifier of sentences by Keras's `fit`, saves it, and asks it again. Without an argument it takes the sentence
encoder of the demo. All but the line marked is as the script was.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

from examples import demo
from examples.finetune import TOPICS
from trivium import AutoTokenizer, TFAutoModelForSequenceClassification  # was: from transformers import ...

NAMES = ("plants", "money", "space", "food", "sport", "travel")
EPOCHS, BATCH, RATE = 8, 4, 1e-3


def main(source: str | None = None, folder: Path = Path(".demo", "keras_script")) -> int:
    """Prints the losses and answers; 1 if what was learnt does not come back from the disk."""
    checkpoint = demo.fetch(Path(".demo", "all-MiniLM-L6-v2")) if source is None else Path(source)
    labels = {"id2label": dict(enumerate(NAMES)), "label2id": {name: i for i, name in enumerate(NAMES)}}
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    model = TFAutoModelForSequenceClassification.from_pretrained(checkpoint, num_labels=len(NAMES), **labels)

    texts, topics = list(demo.SENTENCES), np.array(TOPICS)
    inputs = tokenizer(texts, padding=True, truncation=True, max_length=64, return_tensors="np")
    data = tf.data.Dataset.from_tensor_slices((dict(inputs), topics))
    data = data.shuffle(len(texts), seed=0).batch(BATCH)

    model.compile(optimizer=tf.keras.optimizers.Adam(RATE), metrics=["accuracy"])
    before = model.evaluate(data, verbose=0, return_dict=True)
    model.fit(data, epochs=EPOCHS, verbose=0)
    after = model.evaluate(data, verbose=0, return_dict=True)
    print("\n".join(f"{name:<9}{before[name]:.3f} -> {after[name]:.3f}" for name in ("loss", "accuracy")))

    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    again = TFAutoModelForSequenceClassification.from_pretrained(folder)
    questions = tokenizer(list(demo.QUERIES), padding=True, return_tensors="tf")
    logits = again(questions, training=False).logits
    for text, row in zip(demo.QUERIES, tf.nn.softmax(logits).numpy(), strict=True):
        print(f"{again.config.id2label[int(row.argmax())]:<8}{row.max():.2f}  {text}")
    same = np.allclose(logits, model(questions, training=False).logits, atol=1e-6)
    learnt = after["loss"] < before["loss"] / 2 and after["accuracy"] > 0.9
    return 0 if demo.check(same, f"{folder}/tf_model.h5 says the same") & demo.check(learnt, "it has learnt its texts") else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
