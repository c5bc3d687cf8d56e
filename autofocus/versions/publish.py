"""Publish a version, or the whole app as a Space, on the Hugging Face Hub."""

import re
from importlib.metadata import version as installed_version
from pathlib import Path

import numpy as np
from huggingface_hub import CommitOperationAdd, HfApi, ModelCard, ModelCardData, get_session

from autofocus.errors import PublishError
from autofocus.predict import predict
from autofocus.versions import hub
from autofocus.versions.version import CONFIG, WEIGHTS, Version, read_version
from autofocus.versions.weights import load_network

CARD = "README.md"
IMAGES = (".png", ".jpg", ".webp")
REQUIRED = ("trained_on", "quality", "licence")
ROOT = Path(__file__).resolve().parents[2]
SPACE = (
    "app.py",
    "requirements.txt",
    "LICENSE",
    "NOTICE",
)  # files of the project that a Space needs
SPACE_FOLDERS = ("autofocus",)
CARD_TEMPLATE = Path(__file__).with_name("card.md.j2")
TAGS = ["depth-estimation", "saliency", "depth-of-field"]
# What the Hub knows by these names, which are SPDX's in small letters.
LICENCES = ("apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "cc-by-4.0")
LICENCES += ("cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0")


def version_files(folder: Path) -> dict[str, Path | bytes]:
    """What would be published of a version's folder: names in the repo, files or contents.

    Raises:
        PublishError: the folder holds something else, or its version fails.
        VersionError: it is not a version that can be loaded.

    """
    version = read_version(folder)
    check_config(version)
    files: dict[str, Path | bytes] = {p.name: p for p in sorted(folder.iterdir()) if p.is_file()}
    strange = [p.name for p in folder.iterdir() if p.is_dir() or not is_expected(p.name)]
    if strange:
        raise PublishError(
            f"{folder.name} holds {', '.join(sorted(strange))}. A version is {CONFIG}, "
            f"{WEIGHTS}, {CARD} and images, and nothing else is published."
        )
    check_network(version)
    return {**files, CARD: write_card(version).encode()}


def is_expected(name: str) -> bool:
    """Whether a file of this name belongs to a version."""
    return name in (CONFIG, WEIGHTS, CARD) or name.endswith(IMAGES)


def check_config(version: Version) -> None:
    """PublishError if the config lacks what others need to know."""
    missing = [field for field in REQUIRED if not version.config[field]]
    if missing:
        raise PublishError(f"{version.folder.name}/config.json lacks {', '.join(missing)}.")


def check_network(version: Version) -> None:
    """PublishError if the network does not tell a photo's parts apart."""
    rows, columns = np.mgrid[0:96, 0:128].astype(np.float32)
    photo = np.stack([rows / 96, columns / 128, np.hypot(rows - 48, columns - 64) < 24], axis=2)
    prediction = predict(load_network(version), photo.astype(np.float32))
    for name, values in (("depth", prediction.depth), ("saliency", prediction.saliency)):
        if not np.isfinite(values).all():
            raise PublishError(f"The {name} that {version.name} finds is not finite.")
    if np.ptp(prediction.depth) < 1e-3:
        raise PublishError(f"The depth that {version.name} finds is flat.")


def write_card(version: Version) -> str:
    """The version's README.md, or a card made of its config; what a card lacks is added."""
    facts = {"library_name": "autofocus", "pipeline_tag": TAGS[0], "tags": TAGS}
    data = ModelCardData(**facts, **name_licence(version.config["licence"]))
    if not (version.folder / CARD).is_file():
        return str(ModelCard.from_template(data, template_path=CARD_TEMPLATE, version=version))
    card = ModelCard.load(version.folder / CARD)
    card.data = ModelCardData(**data.to_dict() | card.data.to_dict())
    return str(card)


def name_licence(licence: str) -> dict[str, str]:
    """A licence as the Hub's cards name it; one that the Hub does not know is "other"."""
    if licence.lower() in LICENCES:
        return {"license": licence.lower()}
    name = "-".join(re.findall("[a-z0-9.]+", licence.lower()))
    return {"license": "other", "license_name": name}


def space_files(repo: str) -> dict[str, Path | bytes]:
    """What a Space is made of: the app, its packages, its weights and a README of its own."""
    files: dict[str, Path | bytes] = {name: ROOT / name for name in SPACE}
    for folder in SPACE_FOLDERS:
        paths = sorted(p for p in (ROOT / folder).rglob("*") if p.is_file() and is_shipped(p))
        files |= {str(p.relative_to(ROOT)): p for p in paths}
    template = (ROOT / "space" / CARD).read_text(encoding="utf-8")
    models = "".join(f"\n  - {name}" for name in hub.named_repos()) or " []"
    facts = {"title": repo.split("/")[-1], "gradio": installed_version("gradio"), "models": models}
    files[CARD] = template.format(**facts).encode()
    return files


def is_shipped(path: Path) -> bool:
    """Whether a file is the project's own, not a cache or what was generated."""
    return "__pycache__" not in path.parts and path.suffix not in (".pyc", ".pyi")


def upload(repo: str, files: dict, message: str, tag: str | None = None, **create: str) -> str:
    """Put files into a repo in one commit, made if it is not there; return the commit.

    `create`: `repo_type` and `space_sdk` of a Space.

    Raises:
        PublishError: the Hub refuses, the tag is taken, or it cannot be reached.

    """
    kind = {"repo_type": create["repo_type"]} if create else {}
    try:
        get_session().timeout = hub.TIMEOUT
        api = HfApi()
        api.create_repo(repo, exist_ok=True, **create)
        if tag and tag in {ref.name for ref in api.list_repo_refs(repo, **kind).tags}:
            raise PublishError(f"{repo} has a tag {tag} already. Choose another.")
        operations = [CommitOperationAdd(name, content) for name, content in files.items()]
        commit = api.create_commit(repo, operations, commit_message=message, **kind).oid
        if tag:
            api.create_tag(repo, tag=tag, revision=commit, **kind)
    except PublishError:  # a ValueError, as one of these faults is
        raise
    except hub.FAULTS as error:
        raise PublishError(refusal(error, repo)) from error
    return commit


def refusal(error: BaseException, repo: str) -> str:
    """Why the Hub did not take it."""
    statuses = {hub.status_of(cause) for cause in hub.chain(error)}
    if statuses & {401, 403}:
        return f"The Hub does not let you write to {repo}. Set HF_TOKEN to a token that may."
    return hub.explain(error, repo)
