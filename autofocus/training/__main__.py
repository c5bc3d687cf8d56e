"""Train a version, stage by stage; every stage resumes where it was stopped.

    python -m autofocus.training prepare            pasted subjects and DINOv2's features
    python -m autofocus.training neck               depth from frozen DINOv2, one cell a token
    python -m autofocus.training teacher            the coarse part of the decoder on it
    python -m autofocus.training label              the teacher's depth for photos without any
    python -m autofocus.training student            encoder, decoder and depth head, small photos
    python -m autofocus.training refine             the same at the size that the app uses
    python -m autofocus.training saliency           the student's saliency head alone
    python -m autofocus.training teacher-refine     the teacher with the decoder's last step
    python -m autofocus.training teacher-saliency   the teacher's saliency head alone
    python -m autofocus.training export NAME FOLDER write version NAME (resnet or dinov2-s)
    python -m autofocus.training curves             a plot of all stages' losses
    python -m autofocus.training demo               all of it, tiny, on synthetic photos

`prepare` needs DINOv2's weights in RUNS/backbone: see `python -m autofocus.training.backbone`.
"""

import argparse
import typing
from dataclasses import fields
from pathlib import Path

from autofocus.training import curves, stages
from autofocus.training.config import TrainConfig
from autofocus.training.demo import demo

STAGES = {
    "prepare": stages.prepare,
    "neck": stages.mix,
    "teacher": stages.teach,
    "label": stages.label,
    "student": stages.learn,
    "refine": stages.refine,
    "saliency": stages.student_saliency,
    "teacher-refine": stages.refine_teacher,
    "teacher-saliency": stages.teacher_saliency,
    "curves": curves.plot,
    "demo": demo,
}


def main() -> None:
    """Run the stage named on the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m autofocus.training",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="stage", required=True, metavar="STAGE")
    for name in STAGES:
        add_options(commands.add_parser(name))
    export = commands.add_parser("export")
    export.add_argument("name", choices=sorted(stages.EXPORTS))
    export.add_argument("folder", type=Path)
    add_options(export)
    arguments = vars(parser.parse_args())
    config = TrainConfig(**{f.name: arguments[f.name] for f in fields(TrainConfig)})
    if arguments["stage"] == "export":
        stages.export(config, arguments["name"], arguments["folder"])
    else:
        STAGES[arguments["stage"]](config)


def add_options(parser: argparse.ArgumentParser) -> None:
    """One option for each field of the configuration."""
    for field in fields(TrainConfig):
        option = f"--{field.name.replace('_', '-')}"
        inner = typing.get_args(field.type)
        if inner:
            count = "+" if typing.get_origin(field.type) is tuple else None
            parser.add_argument(option, type=inner[0], nargs=count, default=field.default)
        else:
            parser.add_argument(option, type=field.type, default=field.default)


if __name__ == "__main__":
    main()
