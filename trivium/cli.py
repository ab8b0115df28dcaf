"""The command line: `trivium convert`, `inspect`, `verify`, `compare`, `generate`, `chat`; `trivium --help` has them all.

Results go to stdout, everything else to stderr. Exit codes: 0 done; 1 failed; 2 wrong usage; 3 unsafe or corrupt input;
4 a difference was found; 130 interrupted. With --json, stdout holds exactly one JSON object, also for an error.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import trivium
from trivium.core.errors import TriviumError

if TYPE_CHECKING:
    from trivium.convert.conversion import Report
    from trivium.convert.diagnosis import Diagnosis
    from trivium.convert.inspection import Inspection
    from trivium.convert.parity import Parity
    from trivium.convert.preview import Plan

_TARGETS = ("torch", "tensorflow", "flax", "bin", "npz", "keras", "orbax")

_BACKENDS = ("torch", "flax", "tensorflow", "numpy")

DIFFERENT = 4
INTERRUPTED = 130
TERMINATED = 143

_PACKAGES = (
    *("trivium", "numpy", "ml_dtypes", "h5py", "huggingface_hub", "tokenizers"),
    *("torch", "tensorflow", "tensorflow-cpu", "keras", "jax", "flax"),
)


class _Bytes(click.ParamType):
    """A number of bytes: 500000000, 500MB, 5GB, 2GiB."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(?:([kmgt])(i?))?b?", str(value).lower())
        size = 0 if found is None else int(float(found[1]) * (1024 if found[3] else 1000) ** " kmgt".index(found[2] or " "))
        return size or self.fail(f"{value!r} is not a size such as 500MB or 5GB", param, ctx)


class _Prefixes(click.ParamType):
    """OLD=NEW; either may be empty."""

    name = "OLD=NEW"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        old, sign, new = str(value).partition("=")
        return (old, new) if sign else self.fail(f"{value!r} is not OLD=NEW", param, ctx)


class _Program(click.Group):
    """The command line as a whole: turns every error into a message and an exit code."""

    def main(self, *args: Any, standalone_mode: bool = True, **options: Any) -> Any:
        given = args[0] if args else options.pop("args", None)
        arguments = list(sys.argv[1:] if given is None else given)
        options.setdefault("prog_name", "trivium")
        as_json = "--json" in arguments
        main_thread = threading.current_thread() is threading.main_thread()
        before = signal.signal(signal.SIGTERM, _terminate) if main_thread else None
        try:
            code = super().main(arguments, standalone_mode=False, **options) or 0
            sys.stdout.flush()
        except TriviumError as error:
            code = _fail(error.as_dict(), str(error), error.exit_code, as_json)
        except click.exceptions.Abort:
            code = _fail(TriviumError("interrupted").as_dict() | {"type": "Interrupted"}, "", INTERRUPTED, as_json)
        except click.ClickException as error:
            if not as_json:
                error.show()
            usage = TriviumError(error.format_message(), hint="trivium --help").as_dict() | {"type": "UsageError"}
            code = _fail(usage, "", error.exit_code, as_json)
        except BrokenPipeError:  # the reader, `head` perhaps, has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = 1
        finally:
            if main_thread:
                signal.signal(signal.SIGTERM, before)
        return sys.exit(code) if standalone_mode else code


def _terminate(*_: object) -> None:
    raise SystemExit(TERMINATED)  # so that temporary files are removed on the way out


def _fail(report: dict[str, Any], text: str, code: int, as_json: bool) -> int:
    if as_json:
        click.echo(json.dumps({"error": report}, indent=2, ensure_ascii=False))
    elif text:
        click.echo(f"error: {text}", err=True)
    return code


def _print_json(found: object) -> None:
    click.echo(json.dumps(found, indent=2, ensure_ascii=False))


def _path(source: str) -> Path:
    from trivium.core import hub

    return hub.resolve(source)


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.3g} GB"


_trust = click.option("--trust", is_flag=True, help="Read HDF5 without a child process: for files whose origin you know.")
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group(cls=_Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(trivium.__version__, message="trivium %(version)s")
@click.option("--register", multiple=True, type=click.Path(path_type=Path), help="A network file of your own; it is run.")
def main(register: tuple[Path, ...]) -> None:
    """Checkpoints of PyTorch, TensorFlow and Flax, without any of the three.

    SRC is a directory, a weight file with config.json beside it, or a Hub id such as google-bert/bert-base-uncased.
    """
    for source in register:
        trivium.register(source)


@main.command()
@click.argument("src")
@click.argument("dst", type=click.Path(path_type=Path))
@click.option("--to", required=True, type=click.Choice(_TARGETS), help="The framework or format to write for.")
@click.option("--dtype", help="Cast the floating-point weights: float32, bfloat16, ... By default all bits stay.")
@click.option("--shard-size", type=_Bytes(), help="Split the weights into files of at most this size: 5GB, 500MB.")
@click.option("--max-memory", type=_Bytes(), help="Move a larger tensor in pieces of this size. By default 64MiB.")
@click.option("--jobs", type=click.IntRange(1), help="Write this many shards at a time. By default 1.")
@click.option("--ignore", multiple=True, metavar="PATTERN", help="Leave out the tensors of SRC of these names.")
@click.option("--allow-missing", multiple=True, metavar="PATTERN", help="Draw these weights if SRC lacks them.")
@click.option("--rename", multiple=True, type=_Prefixes(), metavar="OLD=NEW", help="What names of SRC begin with, and should.")
@click.option(
    "--adapter", type=click.Path(path_type=Path), help="Merge the LoRA adapter in this directory, as peft saves them."
)
@click.option("--verify", is_flag=True, help="Compare the result bit for bit with SRC before it takes its place.")
@click.option("--parity", is_flag=True, help="Run SRC and the result on the same inputs, and write parity.json.")
@click.option("--resume", is_flag=True, help="Take up what an interrupted conversion with --shard-size has finished.")
@click.option("--dry-run", is_flag=True, help="Print the plan, and write nothing.")
@click.option("--overwrite", is_flag=True, help="Write into a directory that is not empty.")
@click.option("-q", "--quiet", is_flag=True, help="No progress, no summary.")
@_trust
@_json
def convert(src: str, dst: Path, to: str, dry_run: bool, quiet: bool, as_json: bool, **options: Any) -> int:
    """Rewrite the checkpoint SRC for another framework, into the directory DST. Exit code 4 if --parity finds a difference."""
    from trivium.convert.conversion import convert as run

    given = {name: value for name, value in options.items() if value is not None} | {"rename": dict(options["rename"])}
    if dry_run:
        from trivium.convert.preview import dry_run as plan

        found = plan(_path(src), to, **{name: given[name] for name in _PLANNED if name in given})
        _print_json(found.as_dict()) if as_json else click.echo(_planned(found))
        return 0
    with _progress(quiet) as progress:
        report = run(_path(src), dst, to, progress=progress, **given)
    if as_json:
        _print_json(report.as_dict())
    elif not quiet:
        click.echo(_summary(report))
        for note in _remarks(report):
            click.echo(f"note: {note}", err=True)
    if report.parity is None or report.parity.passed:
        return 0
    if not as_json:
        click.echo(f"error: {_unproven(report.parity)}", err=True)
    return DIFFERENT


_PLANNED = ("dtype", "ignore", "allow_missing", "rename", "trust", "adapter")
"""The options of `convert` on which the plan depends."""


def _planned(found: Plan) -> str:
    def sized(shape: tuple[int, ...]) -> str:
        return "x".join(map(str, shape)) or "scalar"

    lines = [f"{found.network}: {found.from_format}, {found.from_dialect} names -> {found.to_format}, {found.to_dialect} names"]
    for move in found.moves:
        cast = "" if move.source_dtype == move.target_dtype else f" -> {move.target_dtype}"
        source = move.source or ("begun" if move.weight in found.begun else "drawn")
        lines.append(
            f"  {source} {sized(move.source_shape)} {move.source_dtype}{cast}"
            f" -> {move.target} {sized(move.target_shape)} ({move.axes})"
        )
    lines += [f"  {key}: left out" for key in found.left_out]
    lines += [f"  {key}: the same as {name}" for key, name in found.copies.items()]
    return "\n".join([*lines, f"{len(found.moves)} weights, {_size(found.bytes)}; nothing was written"])


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[int, int, str], None] | None]:
    """A bar on stderr, where a person looks at it."""
    if quiet or os.environ.get("CI") or not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm

    with tqdm(unit="B", unit_scale=True, file=sys.stderr, leave=False, dynamic_ncols=True) as bar:

        def show(done: int, total: int, name: str) -> None:
            bar.total = total
            bar.set_postfix_str(name, refresh=False)
            bar.update(done - bar.n)

        yield show


def _summary(report: Report) -> str:
    speed = report.bytes / max(report.seconds, 1e-3)
    proof = report.parity
    shown = ""
    if proof is not None and proof.passed:
        shown = (
            f"\nparity: {len(proof.outputs)} outputs of {proof.target['framework']} agree with the reference; the largest "
            f"relative error is {proof.relative:.2g}, {proof.tolerance:.2g} is allowed"
        )
    return (
        f"{report.network}: {report.tensors} tensors, {report.parameters:,} parameters\n"
        f"{report.source} ({report.from_format}, {report.from_dialect} names)\n"
        f"-> {Path(report.destination) / report.files[0]} ({report.to_format}, {report.to_dialect} names), "
        f"{_size(report.bytes)} in {report.seconds:.2f} s ({_size(speed)}/s)\n"
        f"{len(report.files) - 1} other files travelled along unchanged{shown}"
    )


def _unproven(proof: Parity) -> str:
    if not proof.outputs:
        why = "; ".join(f"{what}: {why}" for what, why in proof.not_run.items())
        return f"no parity, since one side could not be run: {why}"
    wrong = next(output for output in proof.outputs if output.name == proof.first_difference)
    size = "cannot be compared" if wrong.relative is None else f"is off by {wrong.relative:.2g}"
    allowed = f"{proof.tolerance:.2g} is allowed"
    return f"no parity: {wrong.name}, the first output that differs, {size}; {allowed}; parity.json has them all"


def _remarks(report: Report) -> Iterator[str]:
    yield from report.notes
    if report.parity is not None and report.parity.passed:
        yield from (f"not run: {what}: {why}" for what, why in report.parity.not_run.items())
    if report.left_out:
        yield f"left out, since the code makes them itself: {', '.join(report.left_out)}"
    if report.drawn:
        yield f"not in the source, and drawn with seed 0; train them before use: {', '.join(report.drawn)}"
    if report.begun:
        yield f"not in the source, as in old files, and as a new network has them: {', '.join(report.begun)}"
    if report.copies:
        yield f"written once, since they are tied: {', '.join(report.copies)}"


@main.command()
@click.argument("src")
@_trust
@_json
def inspect(src: str, trust: bool, as_json: bool) -> None:
    """Show the weights of the checkpoint SRC: names, shapes, dtypes, sizes, format and architecture."""
    from trivium.convert.inspection import inspect as run

    found = run(_path(src), trust)
    if as_json:
        _print_json(found.as_dict())
        return
    click.echo(_table(found))
    for note in found.notes:
        click.echo(f"note: {note}", err=True)


def _table(found: Inspection) -> str:
    rows = [(info.key, "x".join(map(str, info.shape)) or "scalar", info.dtype, _size(info.bytes)) for info in found.tensors]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(4)]
    lines = [
        f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:<{widths[2]}}  {row[3]:>{widths[3]}}".rstrip() for row in rows
    ]
    dtypes = ", ".join(f"{count:,} {dtype}" for dtype, count in found.dtypes.items())
    files = ", ".join(f"{name} ({_size(size)})" for name, size in found.files.items())
    return "\n".join(
        [
            *(*lines, ""),
            f"architecture  {found.architecture or 'unknown: no config.json'}",
            f"class         {found.network or 'none that Trivium knows'}",
            f"format        {found.format}, {found.dialect} names",
            f"files         {files}",
            f"tensors       {len(found.tensors)}",
            f"parameters    {dtypes}",
            f"size          {_size(found.bytes)}",
        ]
    )


@main.command()
@click.argument("a")
@click.argument("b")
@_trust
@_json
def verify(a: str, b: str, trust: bool, as_json: bool) -> int:
    """Compare the checkpoints A and B, of any formats, tensor by tensor and bit for bit. Exit code 4 if they differ."""
    from trivium.convert.verification import verify as run

    differences = run(_path(a), _path(b), trust)
    if as_json:
        _print_json({"identical": not differences, "differences": [difference.as_dict() for difference in differences]})
    elif not differences:
        click.echo("identical, bit for bit")
    else:
        for difference in differences:
            click.echo(f"{difference.name}: {difference.message}")
        click.echo(f"{_counted(len(differences), 'tensor differs', 'tensors differ')}", err=True)
    return DIFFERENT if differences else 0


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


@main.command()
@click.argument("checkpoint")
@_trust
@_json
def doctor(checkpoint: str, trust: bool, as_json: bool) -> int:
    """Look for the damage that loading across frameworks does, and for formats that disagree. Exit code 4 if there is any.

    Of a directory, the weights of all formats are examined, and compared with each other.
    """
    from trivium.convert.diagnosis import doctor as run

    found = run(_path(checkpoint), trust)
    if as_json:
        _print_json(found.as_dict())
    else:
        click.echo(_diagnosis(found))
        for note in found.notes:
            click.echo(f"note: {note}", err=True)
    return 0 if found.healthy else DIFFERENT


def _diagnosis(found: Diagnosis) -> str:
    if found.healthy:
        return f"healthy: {', '.join(found.files)}"
    lines = [f"{finding.file}: {finding.kind}: {finding.message}\n  remedy: {finding.remedy}" for finding in found.findings]
    return "\n".join([*lines, _counted(len(found.findings), "finding", "findings")])


@main.command()
@click.argument("what")
@click.argument("name", required=False)
@_trust
@_json
def explain(what: str, name: str | None, trust: bool, as_json: bool) -> None:
    """Show the name, shape and axes of weights in every format.

    WHAT is a checkpoint, an architecture such as bert, or a class such as BertForMaskedLM; NAME is one weight, as any format
    spells it.
    """
    from trivium.convert.explanation import FORMATS
    from trivium.convert.explanation import explain as run
    from trivium.models import catalogue

    known = any(what.replace("-", "_") == folder or what in classes for folder, classes in catalogue.architectures().items())
    found = run(what if known and not Path(what).exists() else _path(what), name, trust)
    if as_json:
        _print_json({"formats": FORMATS, "weights": [explanation.as_dict() for explanation in found]})
        return
    for dialect, where in FORMATS.items():
        click.echo(f"{dialect:<11} {where}")
    for explanation in found:
        click.echo(f"\n{explanation.weight}  ({explanation.layer})")
        for place in explanation.places:
            shape = "x".join(map(str, place.shape)) or "scalar"
            turned = f"  transposed {', '.join(map(str, place.transposition))}" if place.transposition else ""
            click.echo(f"  {place.dialect:<11} {place.name}  {shape}  {place.axes}{turned}")


_quantize = click.option("--quantize", type=click.Choice(["int8", "int4"]), help="Keep linear layers' weights as integers.")


def _loading(dtype: str | None, quantize: str | None) -> dict[str, Any]:
    """The options of `from_pretrained` that were given."""
    return {name: value for name, value in {"dtype": dtype, "quantize": quantize}.items() if value}


@main.command()
@click.argument("src")
@click.argument("prompt")
@click.option("--backend", type=click.Choice(_BACKENDS), default="torch", show_default=True, help="The framework.")
@click.option("--dtype", help="Of the weights: float32, bfloat16, ... By default the checkpoint's.")
@_quantize
@click.option("--stream", is_flag=True, help="Print words as they are written.")
@click.option("--set", "fields", multiple=True, metavar="NAME=VALUE", help="A field of the generation config: top_p=0.9.")
@click.option("--max-new-tokens", type=click.IntRange(1), help="How much to write at most.")
@click.option("--sample", is_flag=True, help="Draw tokens, rather than take the likeliest.")
@click.option("--seed", type=int, help="Of drawing.")
@_json
def generate(
    src: str,
    prompt: str,
    backend: str,
    dtype: str | None,
    quantize: str | None,
    stream: bool,
    fields: tuple[str, ...],
    max_new_tokens: int | None,
    sample: bool,
    seed: int | None,
    as_json: bool,
) -> None:
    """Go on with the text PROMPT by the checkpoint SRC, which has a tokenizer. The prompt "-" is read from stdin."""
    from trivium.generation.text import Writer

    options: dict[str, Any] = dict(map(_field, fields)) | {"seed": seed}
    options |= {"max_new_tokens": max_new_tokens} if max_new_tokens else {}
    options |= {"do_sample": True} if sample else {}
    prompt = sys.stdin.read() if prompt == "-" else prompt
    writer = Writer(src, backend, **_loading(dtype, quantize))
    if as_json:
        _print_json({"prompt": prompt, "text": writer.write(prompt, **options)})
    elif stream:
        for piece in writer.stream(prompt, **options):
            click.echo(piece, nl=False)
        click.echo()
    else:
        click.echo(writer.write(prompt, **options))


@main.command()
@click.argument("a")
@click.argument("b", required=False)
@click.option("--backend", type=click.Choice(_BACKENDS), default="numpy", show_default=True, help="The framework of A.")
@click.option("--other-backend", type=click.Choice(_BACKENDS), help="The framework of B, or of A a second time.")
@click.option("--tolerance", type=float, help="The relative difference from which on parts differ.  [default: 0.0001]")
@click.option("--png", type=click.Path(dir_okay=False), help="Draw the differences into this file.")
@click.option(
    "--quantize", type=click.Choice(["int8", "int4"]), help="Keep the weights of B, or of A a second time, as integers."
)
@_json
def compare(
    a: str,
    b: str | None,
    backend: str,
    other_backend: str | None,
    tolerance: float | None,
    png: str | None,
    quantize: str | None,
    as_json: bool,
) -> int:
    """Run the checkpoints A and B, or A in two ways, layer by layer on drawn inputs. Exit code 4 if they differ."""
    from trivium.research.comparing import compare as run

    limits: dict[str, Any] = {} if tolerance is None else {"tolerance": tolerance}
    found = run(a, b, backend=backend, other_backend=other_backend, quantize=quantize, **limits)
    if png:
        found.save(png)
    if as_json:
        _print_json(found.as_dict())
    else:
        width = max(len(part.path) for part in found.parts)
        for part in found.parts:
            click.echo(f"{part.path:<{width}}  {part.error:8.1e}{'  differs' if not part.error <= found.tolerance else ''}")
        parting = found.parting
        click.echo("the same, within the tolerance" if parting is None else f"they part at {parting.path}")
    return 0 if found.same else DIFFERENT


def _looking(function: Callable[..., Any]) -> Callable[..., Any]:
    """The arguments that all looks inside share."""
    options = (
        click.argument("src"),
        click.argument("text"),
        click.option("-o", "--output", type=click.Path(dir_okay=False), help="Draw into this file: .png, .svg, .pdf."),
        click.option("--target", help="The decoder's text, where SRC has an encoder and a decoder."),
        click.option("--backend", type=click.Choice(_BACKENDS), default="numpy", show_default=True, help="The framework."),
        _json,
    )
    for option in reversed(options):
        function = option(function)
    return function


@main.command()
@_looking
@click.option("--layer", type=int, help="Draw this layer alone; the first is 0.")
@click.option("--head", type=int, help="Draw this head alone; the first is 0.")
@click.option("--kind", type=click.Choice(("encoder", "decoder", "cross")), help="Whose attention, where there are several.")
def attention(
    src: str, text: str, output: str | None, target: str | None, backend: str, as_json: bool, layer: int | None,
    head: int | None, kind: str | None,
) -> None:  # fmt: skip
    """Show where the checkpoint SRC looks as it reads TEXT: the weights of attention, by layer and head."""
    from trivium.research.attention import attention_maps

    found = attention_maps(src, text, kind=kind, target=target, backend=backend)
    if output:
        found.save(output, layer, head)
    if as_json:
        _print_json(found.as_dict())
    if output or as_json:
        return
    for title, weights in found.chosen(layer, head):
        looks = (f"{token} → {found.keys[best]}" for token, best in zip(found.queries, weights.argmax(-1), strict=True))
        click.echo(f"{title}: {'  '.join(looks)}")


@main.command()
@_looking
def lens(src: str, text: str, output: str | None, target: str | None, backend: str, as_json: bool) -> None:
    """Show what the checkpoint SRC would say of TEXT if it stopped after each of its layers: the logit lens."""
    from trivium.research.lens import logit_lens

    found = logit_lens(src, text, target=target, backend=backend)
    if output:
        found.save(output)
    if as_json:
        _print_json(found.as_dict())
    if output or as_json:
        return
    rows = [("", found.tokens), *zip(found.stages, found.said, strict=True)]
    width = max(len(stage) for stage, _ in rows)
    columns = [max(len(said[index]) for _, said in rows) for index in range(len(found.tokens))]
    for stage, said in rows:
        click.echo(f"{stage:<{width}}  {'  '.join(map(str.ljust, said, columns))}".rstrip())


@main.command()
@click.argument("src")
@click.option("--backend", type=click.Choice(_BACKENDS), default="torch", show_default=True, help="The framework.")
@click.option("--dtype", help="Of the weights: float32, bfloat16, ... By default the checkpoint's.")
@_quantize
@click.option("--system", help="What the system says first.")
@click.option("--set", "fields", multiple=True, metavar="NAME=VALUE", help="A field of the generation config: top_p=0.9.")
@click.option(
    "--max-new-tokens", type=click.IntRange(1), default=512, show_default=True, help="How much an answer has at most."
)
@click.option("--seed", type=int, help="Of drawing.")
def chat(
    src: str,
    backend: str,
    dtype: str | None,
    quantize: str | None,
    system: str | None,
    fields: tuple[str, ...],
    max_new_tokens: int,
    seed: int | None,
) -> None:
    """Talk with the checkpoint SRC, line by line of stdin, by its chat template. An empty line ends it."""
    from trivium.generation.text import Chat

    options: dict[str, Any] = dict(map(_field, fields)) | {"seed": seed, "max_new_tokens": max_new_tokens}
    talk = Chat(src, backend, system, **_loading(dtype, quantize))
    terminal = sys.stdin.isatty()
    while True:
        if terminal:
            click.echo("> ", nl=False, err=True)
        line = sys.stdin.readline().strip()
        if not line:
            return
        for piece in talk.answer(line, **options):
            click.echo(piece, nl=False)
        click.echo()


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("src")
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def serve(src: str, options: tuple[str, ...]) -> None:
    """Serve the checkpoint SRC to many at once by vLLM, with Trivium's network. OPTIONS are those of `vllm serve`."""
    from trivium.serving import command

    command.serve(src, options)


def _field(text: str) -> tuple[str, Any]:
    """NAME=VALUE, the value as JSON has it, or else a string."""
    name, sign, value = text.partition("=")
    if not sign:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


@main.command()
@click.argument("src")
@click.argument("dst", type=click.Path(path_type=Path))
@click.option("--format", "to", type=click.Choice(["saved_model", "torch_export", "stablehlo"]), required=True,
              help="SavedModel of TensorFlow, torch.export of PyTorch, jax.export of JAX.")  # fmt: skip
@click.option("--generate", "generates", is_flag=True, help="Export greedy search, and not the forward.")
@click.option("--batch-size", type=click.IntRange(1), default=1, show_default=True, help="Prompts, with --generate.")
@click.option("--prompt-length", type=click.IntRange(1), default=128, show_default=True, help="Their columns, with padding.")
@click.option("--max-new-tokens", type=click.IntRange(1), default=64, show_default=True, help="How much follows a prompt.")
@_quantize
def export(
    src: str,
    dst: Path,
    to: str,
    generates: bool,
    batch_size: int,
    prompt_length: int,
    max_new_tokens: int,
    quantize: str | None,
) -> None:
    """Write the checkpoint SRC as a program with its weights, which runs without Trivium, to DST."""
    from trivium.export import FORMATS
    from trivium.research.subjects import load

    model = load(_path(src), FORMATS[to], quantize)
    if generates:
        model.export_generate(dst, to, batch_size=batch_size, prompt_length=prompt_length, max_new_tokens=max_new_tokens)
    else:
        model.export(dst, format=to)
    click.echo(str(dst))


@main.command()
@click.argument("name")
@click.option("--like", required=True, metavar="ARCHITECTURE", help="The architecture to begin with, such as llama.")
@click.option("--directory", default=".", type=click.Path(path_type=Path), help="A checkout, or where to make the folder.")
def new(name: str, like: str, directory: Path) -> None:
    """Start the architecture NAME: another one under its name, to be changed."""
    from trivium.research.starting import new as run

    files = run(name, like, directory)
    click.echo("\n".join(map(str, files)))
    folder = files[0].parent
    steps = "see CONTRIBUTING.md" if folder.parent.name == "models" else f'in Python: trivium.bind("{folder}", "torch")'
    click.echo(f"next: change {folder / 'network.py'}; {steps}", err=True)


@main.command()
@click.argument("name")
@click.option("--backend", type=click.Choice(_BACKENDS), default="torch", show_default=True, help="The framework.")
@click.option("--class", "cls", help="One class, such as BertForMaskedLM; by default all that the architecture has.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file.  [default: NAME_BACKEND.py]")
@click.option("--notebook", is_flag=True, help="A notebook that loads a checkpoint and shows shapes layer by layer.")
@click.option("--checkpoint", default="checkpoint", show_default=True, help="The folder that the notebook loads.")
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
def eject(name: str, backend: str, cls: str | None, output: Path | None, notebook: bool, checkpoint: str, force: bool) -> None:
    """Write an architecture, or that of a checkpoint or of your own network file, as one source file without Trivium."""
    from trivium.research import eject as ejecting

    text = ejecting.eject_notebook(name, backend, cls, checkpoint) if notebook else ejecting.eject(name, backend, cls)
    stem = f"{Path(name).name.removesuffix('.py').replace('-', '_')}_{backend}"
    path = output or Path(f"{stem}{'.ipynb' if notebook else '.py'}")
    ejecting.write(text, path, force)
    click.echo(path)


@main.command()
@_json
def env(as_json: bool) -> None:
    """Show the versions that matter in a bug report. No framework is loaded."""
    import importlib.metadata
    import platform

    found = {"python": platform.python_version(), "platform": platform.platform()}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            if package != "tensorflow-cpu":  # the same as tensorflow, under another name
                found[package] = "not installed"
    if as_json:
        _print_json(found)
    else:
        click.echo("\n".join(f"{name:<16}{version}" for name, version in found.items()))


if __name__ == "__main__":
    main()
