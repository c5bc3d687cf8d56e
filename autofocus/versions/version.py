"""What a version is: a folder of `config.json` and `model.safetensors`; the config, checked.

`config.json` holds the version's name, the network's shape, the SHA-256 of the weights, and what
people should know: what it was trained on, its measured quality, its licence.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    ValidationError,
    field_validator,
)

from autofocus.errors import VersionError
from autofocus.network import NetworkConfig
from autofocus.versions.hub import CONFIG, Revision

WEIGHTS = "model.safetensors"
LARGEST_CONFIG = 1_000_000  # bytes
Text = Annotated[str, Field(max_length=200)]


class Config(BaseModel):
    """What `config.json` says; names that are not known here may stand beside these."""

    model_config = ConfigDict(strict=True)

    name: Annotated[str, Field(pattern=r"^\w[\w .+()-]{0,79}$")]  # no part of a path, no formula
    network: dict  # the fields of `NetworkConfig`
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]  # of model.safetensors
    quality: dict[Text, FiniteFloat] = {}
    trained_on: dict[Text, int] = {}  # kind of data → number of photos
    licence: Annotated[Text, Field(validation_alias=AliasChoices("licence", "license"))] = ""

    @field_validator("network")
    @classmethod
    def can_be_built(cls, network: dict) -> dict:
        """The table, if it describes a network."""
        try:
            NetworkConfig.from_dict(network)
        except TypeError as error:
            raise ValueError(
                "it must have encoder, widths, short_side, perhaps mirrored_side, and no more"
            ) from error
        return network


@dataclass(frozen=True)
class Version:
    """A model version that is on this machine or can be had."""

    name: str
    folder: Path
    origin: str  # where it came from, in words
    sha256: str  # of model.safetensors; of a depth model, the commit of its repo
    config: dict  # the fields of `Config`; {} where there is no config that can be read
    problem: str | None = None  # why it cannot be used here, or None
    revision: Revision | None = None  # of a version on the Hub
    is_depth_model: bool = False  # transformers' network gives the depth

    @property
    def network(self) -> NetworkConfig:
        """The shape of the version's network."""
        return NetworkConfig.from_dict(self.config["network"])


def read_version(folder: Path, origin: str = "folder") -> Version:
    """Describe a version's folder without reading its weights; VersionError if it has none."""
    config = read_config(folder)
    return Version(config.name, folder, origin, config.sha256, config.model_dump())


def read_config(folder: Path) -> Config:
    """Read `config.json`; VersionError if it is missing or says something impossible."""
    try:
        with (folder / CONFIG).open("rb") as file:
            text = file.read(LARGEST_CONFIG + 1)
    except OSError as error:
        raise VersionError(f"{folder.name} has no {CONFIG} that can be read.") from error
    if len(text) > LARGEST_CONFIG:
        raise VersionError(f"{folder.name}/{CONFIG} is larger than a megabyte.")
    try:
        return Config.model_validate_json(text)
    except ValidationError as error:
        raise VersionError(f"{folder.name}/{CONFIG} cannot be used: {explain(error)}.") from error


def explain(error: ValidationError) -> str:
    """The first thing that is wrong, and where."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg']}" if where else first["msg"]


def read_or_explain(
    name: str, folder: Path, origin: str, read: Callable[[Path, str], Version] = read_version
) -> Version:
    """The version in a folder; one that cannot be read is called `name` and says why."""
    try:
        return read(folder, origin)
    except VersionError as error:
        return Version(name, folder, origin, "", {}, problem=str(error))
