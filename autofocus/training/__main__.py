"""Train a version, stage by stage; a stage that was interrupted resumes.

    python -m autofocus.training prepare            copy-paste composites
    python -m autofocus.training finetune-coarse    dinov2-s end to end, read at stride 4
    python -m autofocus.training finetune           all of it, depth and subject together
    python -m autofocus.training pseudo-label       its depth for photos with masks alone
    python -m autofocus.training student-coarse     the article's network, on small photos
    python -m autofocus.training student            the same near the size that the app uses
    python -m autofocus.training student-saliency   its saliency head alone
    python -m autofocus.training export NAME FOLDER write version NAME (resnet or dinov2-s)
    python -m autofocus.training average FOLDER VERSION VERSION …
                                                    write the mean of versions' weights
    python -m autofocus.training curves             a plot of all runs' losses and figures
    python -m autofocus.training demo               all stages, tiny, on synthetic photos

Each stage has options of its own: `python -m autofocus.training STAGE --help`.
"""

import argparse
import sys
import typing
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import torch

from autofocus.errors import AutoFocusError
from autofocus.training import stages
from autofocus.training.average import average
from autofocus.training.config import STAGES, TrainConfig, stage_config
from autofocus.training.curves import curves
from autofocus.training.demo import demo

RUNS: dict[str, Callable[[TrainConfig], None]] = {
    "prepare": stages.prepare,
    "finetune-coarse": stages.finetune_coarse,
    "finetune": stages.finetune,
    "pseudo-label": stages.pseudo_label,
    "student-coarse": stages.student_coarse,
    "student": stages.student,
    "student-saliency": stages.student_saliency,
    "curves": curves,
    "demo": demo,
}


def main() -> int:
    """Run the stage named on the command line; 1 if it lacks what it needs."""
    arguments = make_parser().parse_args()
    try:
        arguments.call(arguments)
    except AutoFocusError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def make_parser() -> argparse.ArgumentParser:
    """A command for each stage, with an option for each field of its configuration."""
    parser = argparse.ArgumentParser(
        prog="python -m autofocus.training",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="stage", required=True, metavar="STAGE")
    for name, stage in RUNS.items():
        command = commands.add_parser(name, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
        add_options(command, stage_config(name) if name in STAGES else TrainConfig())
        command.set_defaults(call=lambda given, stage=stage: stage(config_of(given)))
    export = commands.add_parser("export")
    export.add_argument("name", choices=sorted(stages.EXPORTS))
    export.add_argument("folder", type=Path)
    add_options(export, TrainConfig())
    export.set_defaults(
        call=lambda given: stages.export(config_of(given), given.name, given.folder)
    )
    averaging = commands.add_parser("average")
    averaging.add_argument("folder", type=Path)
    averaging.add_argument("versions", nargs="+")
    averaging.set_defaults(call=lambda given: average(given.folder, given.versions))
    return parser


def config_of(arguments: argparse.Namespace) -> TrainConfig:
    """The configuration that the options give."""
    return TrainConfig(
        **{field.name: getattr(arguments, field.name) for field in fields(TrainConfig)}
    )


def add_options(parser: argparse.ArgumentParser, defaults: TrainConfig) -> None:
    """One option for each field of the configuration."""
    for field in fields(TrainConfig):
        several = typing.get_origin(field.type) is tuple
        parser.add_argument(
            f"--{field.name.replace('_', '-')}",
            type=typing.get_args(field.type)[0] if several else field.type,
            nargs="+" if several else None,
            default=getattr(defaults, field.name),
            help=" ",  # argparse adds the default to it
        )


if __name__ == "__main__":
    # Gradients underflow, and a processor computes with such numbers a hundred times slower. It is
    # a setting of the whole process, which is training's own only here.
    torch.set_flush_denormal(True)
    sys.exit(main())
