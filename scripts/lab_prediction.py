"""The image-loss change that a run's first steps predict, against the one at its end, over the demo's arms and seeds.

``python scripts/lab_prediction.py runs/demo runs/demo-1 runs/demo-2 -o runs/prediction`` takes the first steps of every
arm again (the study's own trainer, data, order and schedule), measures losses by forward passes alone, and prints two
tables. It reads the studies, writes to its own folder, and goes on where it was stopped.

Predictions, all of the loss of the study's own image questions; S is the sum of learning rates of the whole run over
that of the steps taken. The first is the one that counts, declared before any was seen:

    path    S x sum over the first steps of <g_img(theta_t), theta_t+1 - theta_t>
    parabola  S x <g_img, d> + S^2 / 2 d'Hd, d the displacement after the first steps, at the base
    early   S x the measured change of the image loss after the first steps
    sgd     -(sum of learning rates) x <g_img, g_vid> at the base, with every third sample at the arm's budgets (Eq. 9)
    frames  mean frames of the arm, which knows nothing of gradients
"""

import argparse
import itertools
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from scipy import stats

from framewise._artifacts import RunDirectory, digest
from framewise._errors import UsageError
from framewise._jsonl import Row, read_json, write_json
from framewise.diagnostics._descent import Direction, Objective, curvature_along, product
from framewise.diagnostics._modules import Learned
from framewise.diagnostics._probe import Probe
from framewise.diagnostics._samples import encode_all, read_samples
from framewise.evaluation import write_item_records
from framewise.families import Encoded, FamilySettings, open_family
from framewise.lab import checkpoint_folder
from framewise.training import Recipe, make_recipe
from framewise.training._arguments import training_arguments
from framewise.training._ledger import Ledger
from framewise.training._parts import prepare_model
from framewise.training._plan import plan_examples
from framewise.training._session import _data
from framewise.training._trainer import BudgetTrainer

BENCHMARK, ROWS, RESULT = "lab_image", "runs.jsonl", "prediction.json"
PREDICTIONS = ("path", "parabola", "early", "sgd", "frames")
OUTCOMES = ("change", "score_change")
NUM_DRAWS = 100_000
Array = NDArray[np.float64]


class Watcher(transformers.TrainerCallback):  # type: ignore[misc]
    """Image gradients and displacements along the first steps of a real run, which it ends."""

    def __init__(self, images: Objective, num_steps: int) -> None:
        self.images, self.num_steps = images, num_steps
        self.parameters = [item.parameter for item in images.probe.learned]
        self.start = [p.detach().clone() for p in self.parameters]
        self.first_gradient = self.gradient = images.gradient()
        self.slopes: list[float] = []
        self.rates: list[float] = []

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """The image gradient where the step starts."""
        self.here = [p.detach().clone() for p in self.parameters]
        # Warm-up begins at a rate of zero: the first step moves nothing.
        if any(slope != 0 for slope in self.slopes):
            self.gradient = self.images.gradient()

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, optimizer: Any, **_: Any) -> None:  # noqa: ARG002
        """The rate of this step."""
        self.rates.append(optimizer.param_groups[0]["lr"])

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """What the step moved."""
        self.slopes.append(product(self.gradient, self.moved(self.here)))
        control.should_training_stop = state.global_step >= self.num_steps

    def moved(self, origin: Direction) -> Direction:
        """From there to where the weights are now."""
        return [p.detach() - o for p, o in zip(self.parameters, origin, strict=True)]


def recipe_of(study: Path, arm: str, bases: Sequence[Path]) -> Recipe:
    """The arm's recipe, with its files where the study lies now and the base that has its contents."""
    card = read_json(study / "training" / arm / "model" / "run_card.json")
    wanted = card["inputs"]["model"]
    found = [base for base in bases if digest(base) == wanted]
    if not found:
        raise UsageError(f"{study}: no base has the digest {wanted}: give the checkpoint that it began with")
    files = {
        "model": str(found[0]), "records": study / "lab" / "records.jsonl", "media_root": study / "lab",
        "budgets": study / "budgets" / arm, "clips": study / "clips",
    }  # fmt: skip
    return make_recipe({**card["recipe"], **files}, place=str(study / arm))


@cache
def questions(study: Path, base: str) -> tuple[Encoded, ...]:
    """The study's image questions with their answers; all its models read them alike."""
    family = open_family(base, FamilySettings(), device="cpu", with_model=False)
    with TemporaryDirectory() as folder:
        records = Path(folder) / "questions.jsonl"
        write_item_records([BENCHMARK], data_root=study / "lab", output=records, answers=True)
        samples = read_samples(records, "image", limit=None, seed=0, media_root=study / "lab")
        return tuple(encode_all(family, samples, 1)[0])


def measure(study: Path, arm: str, recipe: Recipe, num_steps: int) -> Row:
    """Every prediction of one run, and what came of it."""
    final = study / "training" / arm / "model"
    tuned = open_family(final, FamilySettings(), dtype=torch.float32, device="cpu")
    loss = Objective(Probe(tuned, []), questions(study, recipe.model), 40).value()
    scores = {
        name: read_json(study / "evaluation" / name / "results.json")["benchmarks"][BENCHMARK]["score"]
        for name in ("base", arm)
    }
    found = first_steps(study, recipe, num_steps)
    logged = read_json_line(study / "training" / arm / "log.jsonl", num_steps)
    return {
        "study": study.name,
        "base": digest(Path(recipe.model))[:8],
        "arm": arm,
        "change": loss - found["base_loss"],
        "score_change": 100 * (scores[arm] - scores["base"]),
        "frames": read_json(final / "run_card.json")["mean_frames"],
        "grad_norm_of_the_run": logged and logged["grad_norm"],
        **found,
    }


def read_json_line(path: Path, step: int) -> Any:
    """The row of a trainer's log at a step, if it wrote one."""
    import json

    return next((row for row in map(json.loads, path.read_text().splitlines()) if row["step"] == step), None)


def first_steps(study: Path, recipe: Recipe, num_steps: int) -> Row:
    """Take the first steps as training does, and predict."""
    plan = plan_examples(recipe)
    transformers.set_seed(recipe.seed)
    family = open_family(recipe.model, FamilySettings(), dtype=torch.float32, device="cpu")
    parts = family.parts()
    model = prepare_model(family, recipe)
    learned = [Learned(n, n, p) for n, p in model.named_parameters() if p.requires_grad]
    images = Objective(Probe(family, learned), questions(study, recipe.model), 40)
    watcher = Watcher(images, num_steps)
    data = _data(recipe, FamilySettings(), plan, 1)
    loss = images.value()
    sgd = product(watcher.first_gradient, video_gradient(images.probe, data["train_dataset"]))
    with TemporaryDirectory() as folder:
        trainer = BudgetTrainer(
            recipe=recipe, parts=parts, ledger=Ledger(None, {}, None), model=model,
            args=training_arguments(recipe, Path(folder)), callbacks=[watcher], **data,
        )  # fmt: skip
        trainer.train()
    total = rate_sum(trainer, recipe)
    scale = total / sum(watcher.rates)
    early = images.value() - loss
    gone = watcher.moved(watcher.start)
    with torch.no_grad():
        for parameter, value in zip(watcher.parameters, watcher.start, strict=True):
            parameter.copy_(value)
    slope = product(watcher.first_gradient, gone)
    bend = curvature_along(images, gone, 0.5)
    return {
        "base_loss": loss,
        "path": scale * sum(watcher.slopes),
        "parabola": scale * slope + scale**2 / 2 * bend,
        "early": scale * early,
        "sgd": -total * sgd,
        "scale": scale,
        "slopes": watcher.slopes,
        "rates": watcher.rates,
        "grad_norm": next((r["grad_norm"] for r in trainer.state.log_history if "grad_norm" in r), None),
    }


def video_gradient(probe: Probe, dataset: Any) -> Direction:
    """The gradient of the loss of every third sample of the run."""
    drawn = (dataset[place].encoded for place in range(0, len(dataset), 3))
    encoded = [found for found in drawn if found is not None]
    return Objective(probe, sorted(encoded, key=len), 8).gradient()


def rate_sum(trainer: Any, recipe: Recipe) -> float:
    """Sum of the learning rates of all steps of the run, whose end was not waited for."""
    schedule = trainer.lr_scheduler.lr_lambdas[0]
    return recipe.rate(recipe.trainable[0]) * sum(schedule(step) for step in range(trainer.state.max_steps))


def correlate(x: Array, y: Array, block: NDArray[np.int64], seed: int = 0) -> dict[str, Any]:
    """Spearman over all runs and, by ranks within studies, over arms alone; with permutation p-values.

    ``p`` permutes all runs, ``p_within`` the arms of each study: every way where there are few, else draws.
    """
    overall = float(stats.spearmanr(x, y).statistic)
    ranks = [np.concatenate([_centred(v[block == b]) for b in np.unique(block)]) for v in (x, y)]
    order = np.concatenate([block[block == b] for b in np.unique(block)])
    within = _cosine(*ranks)
    rng = np.random.default_rng(seed)
    rx, ry = (_centred(v) for v in (x, y))
    drawn = np.array([_cosine(rx, rng.permutation(ry)) for _ in range(NUM_DRAWS)])
    inside = np.array([_cosine(ranks[0], p) for p in _shuffles(ranks[1], order, rng)])
    tiny = 1e-9
    return {
        "rho": overall,
        "p": float(((np.abs(drawn) >= abs(overall) - tiny).sum() + 1) / (NUM_DRAWS + 1)),
        "rho_within": within,
        "p_within": float((np.abs(inside) >= abs(within) - tiny).mean()),
        "num_within": len(inside),
    }


def _shuffles(values: Array, block: NDArray[np.int64], rng: np.random.Generator) -> Any:
    parts = [values[block == b] for b in np.unique(block)]
    if np.prod([float(len(list(itertools.permutations(p)))) for p in parts]) <= NUM_DRAWS:
        ways = itertools.product(*(itertools.permutations(p) for p in parts))
        return (np.concatenate(way) for way in ways)
    return (np.concatenate([rng.permutation(p) for p in parts]) for _ in range(NUM_DRAWS))


def _centred(values: Array) -> Array:
    ranks = stats.rankdata(values)
    return np.asarray(ranks - ranks.mean())


def _cosine(x: Array, y: Array) -> float:
    length = np.sqrt((x @ x) * (y @ y))
    return float(x @ y / length) if length > 0 else float("nan")


def analyse(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """One entry a set of runs, prediction and outcome: each base alone, and all."""
    bases = list(dict.fromkeys(row["base"] for row in rows))
    sets = {base: [r for r in rows if r["base"] == base] for base in bases}
    if len(bases) > 1:
        sets["all"] = list(rows)
    found = []
    for name, members in sets.items():
        keys = [(row["base"], row["study"]) for row in members]
        block = np.array([list(dict.fromkeys(keys)).index(key) for key in keys])
        for outcome, prediction in itertools.product(OUTCOMES, PREDICTIONS):
            x, y = (np.array([float(row[key]) for row in members]) for key in (prediction, outcome))
            found.append(
                {"base": name, "n": len(members), "outcome": outcome, "prediction": prediction}
                | correlate(x, y, block)
                | {"same_sign": int((np.sign(x) == np.sign(y)).sum()), "mean_x": x.mean(), "mean_y": y.mean()}
            )
    return found


def tables(rows: Sequence[Row], found: Sequence[Mapping[str, Any]]) -> str:
    """Both tables in Markdown."""
    names = ("path", "parabola", "early", "sgd", "change")
    lines = [
        "| base | study | arm | mean frames | path | parabola | early | sgd | measured | score, points |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *(
            f"| {r['base']} | {r['study']} | {r['arm']} | {r['frames']} | "
            + " | ".join(f"{r[name]:+.4f}" for name in names)
            + f" | {r['score_change']:+.1f} |"
            for r in rows
        ),
        "",
        "| base | n | outcome | prediction | rho | p | rho within studies | p | same sign |",
        "|---|---|---|---|---|---|---|---|---|",
        *(
            f"| {f['base']} | {f['n']} | {f['outcome']} | {f['prediction']} | {f['rho']:+.2f} | {f['p']:.3f} | "
            f"{f['rho_within']:+.2f} | {f['p_within']:.3f} | "
            + (f"{f['same_sign']} of {f['n']} |" if f["prediction"] != "frames" else "– |")
            for f in found
        ),
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("studies", type=Path, nargs="+")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument(
        "--base", type=Path, action="append", default=[], help="Checkpoints that studies began with."
    )
    parser.add_argument("--first-steps", type=int, default=5)
    chosen = parser.parse_args()
    bases = [checkpoint_folder(), *chosen.base]
    config = {"first_steps": chosen.first_steps}
    inputs = {f"training/{n}": study / "training" for n, study in enumerate(chosen.studies)}
    with RunDirectory(
        chosen.output, stage="prediction", config=config, inputs=inputs, seed=0, fresh=False
    ) as run:
        if not run.finished:
            done = {(row["base"], row["study"], row["arm"]) for row in run.open_rows(ROWS)}
            for study in chosen.studies:
                for arm in sorted(path.name for path in (study / "training").iterdir()):
                    recipe = recipe_of(study, arm, bases)
                    if (digest(Path(recipe.model))[:8], study.name, arm) not in done:
                        run.append(ROWS, measure(study, arm, recipe, chosen.first_steps))
                        print(study.name, arm, flush=True)
            write_json(run.path / RESULT, {"correlations": analyse(run.rows(ROWS))})
            run.complete()
        print(tables(run.rows(ROWS), read_json(run.path / RESULT)["correlations"]))


if __name__ == "__main__":
    main()
