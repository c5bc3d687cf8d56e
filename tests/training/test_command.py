from dataclasses import fields

import pytest
import torch

from autofocus.errors import TrainingError
from autofocus.training import __main__ as command
from autofocus.training import stages
from autofocus.training.config import STAGES, TrainConfig, stage_config


def test_every_stage_has_a_function_of_its_name():
    for name in STAGES:
        assert command.RUNS[name] is getattr(stages, name.replace("-", "_"))


def test_every_number_is_an_option_with_the_stages_own_default():
    for name in STAGES:
        arguments = vars(command.make_parser().parse_args([name]))
        config = TrainConfig(**{f.name: arguments[f.name] for f in fields(TrainConfig)})
        assert config == stage_config(name)


def test_options_take_several_values():
    arguments = command.make_parser().parse_args(["finetune", "--data", "a", "b", "--steps", "7"])
    assert [str(folder) for folder in arguments.data] == ["a", "b"] and arguments.steps == 7


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        ("prepare", "no scenes or no masks in nowhere"),
        ("finetune-coarse", "dinov2-s.safetensors is missing"),
        ("student-coarse", "resnet50-v1.safetensors is missing"),
        ("student", "run the stage student-coarse first"),
        ("curves", "train a stage first"),
    ],
)
def test_a_stage_says_what_it_lacks(stage, said, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        "sys.argv", ["training", stage, "--runs", str(tmp_path), "--data", "nowhere"]
    )
    assert command.main() == 1
    assert said in capsys.readouterr().err


def test_a_run_leaves_the_process_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["training", "curves", "--runs", str(tmp_path)])
    command.main()
    subnormal = torch.tensor(1e-39)
    assert subnormal / 2 > 0


def test_a_version_on_another_encoder_is_refused(tiny_version, tmp_path):
    config = stage_config("finetune-coarse", start=str(tiny_version.folder), runs=tmp_path)
    with pytest.raises(TrainingError, match="is a network on resnet18"):
        stages.finetune_coarse(config)
