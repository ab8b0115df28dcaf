"""Writes tests/goldens/tokenizers/wide.json.gz: what two versions of Transformers make of many texts, as hashes.

Run by hand, with transformers==4.52.4 first, then with transformers==5.23 (both with sentencepiece, protobuf and sacremoses):
    python tests/goldens/generate_wide.py
"""

from __future__ import annotations

import gzip
import hashlib
import json
import tempfile
from pathlib import Path

import generate_tokenizers as base
import tokenizers
import transformers

WIDE = json.loads(Path(__file__).with_name("wide_texts.json").read_text("utf-8"))
HERE = Path(__file__).parent / "tokenizers" / "wide.json.gz"


def digests(tokenizer: object, fast: bool, text: str) -> list[str]:
    """Hashes of the tokens of a text and where they are, and of the text that is made of them."""
    found = tokenizer(text, **({"return_offsets_mapping": True} if fast else {}))
    ids = found["input_ids"]
    places = [found["offset_mapping"], found.word_ids()] if fast else []
    texts = [tokenizer.decode(ids), tokenizer.decode(ids, skip_special_tokens=True)]
    return [hashed([ids]), hashed(places), hashed(texts)]


def hashed(value: object) -> str:
    """A short hash of what can be written as JSON."""
    return hashlib.blake2s(json.dumps(value).encode(), digest_size=3).hexdigest()


def changes(five: list[str], four: list[str]) -> dict[int, str]:
    """Number of a text -> its hashes, where they are others."""
    return {number: new for number, (new, old) in enumerate(zip(five, four, strict=True)) if new != old}


def main() -> None:
    """Records this version's, beside what the other's are."""
    found = json.loads(gzip.decompress(HERE.read_bytes())) if HERE.exists() else {}
    version = transformers.__version__.partition(".")[0]
    mine = found[version] = {}
    for name, (cls, _, _) in base.FAMILIES.items():
        with tempfile.TemporaryDirectory() as folder:
            base.lay_out(name, Path(folder))
            try:
                kind = getattr(transformers, cls, None) or getattr(transformers, cls.removesuffix("Fast"))
                tokenizer = kind.from_pretrained(folder)
                tokenizer.add_tokens([tokenizers.AddedToken(**token) for token in WIDE["added"]])
                fast = cls.endswith("Fast")
                mine[name] = ["".join(digests(tokenizer, fast, text)) for text in WIDE["texts"]]
            except Exception as error:
                mine[name] = f"{type(error).__name__}: {str(error)[:100]}"
                print(name, mine[name])
    if version == "5":  # what differs alone
        pairs = {name: (mine[name], found["4"][name]) for name in mine}
        found["5"] = {name: five if isinstance(five, str) else changes(five, four) for name, (five, four) in pairs.items()}
    HERE.write_bytes(gzip.compress(json.dumps(found, separators=(",", ":")).encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
