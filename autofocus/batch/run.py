"""A run over any number of photos on Ray Data: one actor a worker, each with the network.

Only names and sentences go through Ray; the workers read photos and write outputs themselves.
"""

import json
import logging
import math
import os
import secrets
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from tqdm import tqdm

from autofocus.batch.plan import Job, check_request, find_missing, number_stems
from autofocus.batch.worker import Worker
from autofocus.errors import RequestError

# Ray tells nobody that it is used, and its own faults come as exceptions, not as lines of its log.
# A cluster of this machine alone listens on its loopback interface only (what the variable switches
# off are clusters of several machines).
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "fatal"}
LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
OURS = "AUTOFOCUS_"  # begins the environment variables that workers elsewhere need
OBJECT_STORE = 150 * 2**20  # bytes
BLOCK = 64  # photos at most that a worker is handed at once
PART = 16  # photos in a Parquet file
ROUNDS = 20  # that each worker is handed photos at least, so that all end together
WORKER_MEMORY, GPU_MEMORY = 2.5 * 2**30, 10 * 2**30  # bytes that a worker may need
ERRORS = "errors.jsonl"
ERRORS_EVERY = 10  # seconds
BAR_EVERY = 30  # seconds, where nobody watches a terminal


def run(
    job: Job,
    keys: list[str],
    *,
    workers: int | None = None,
    threads: int | None = None,
    address: str | None = None,
) -> dict[str, str]:
    """Make what is missing of the outputs of photos.

    Args:
        job: what is asked for.
        keys: the photos, sorted, relative to the job's source.
        workers: processes that hold the network; as many as the machines carry if None.
        threads: of each worker; its part of the CPUs if None.
        address: of a Ray cluster to join ("auto" for the one this machine belongs to); if None,
            this machine alone.

    Returns:
        The photos that failed, with a sentence each; they are in `errors.jsonl`, too.

    Raises:
        RequestError: Ray is missing, the output holds another run's, or workers die again and
            again.

    """
    check_request(job)
    missing = find_missing(job, number_stems(keys))
    print(f"{len(keys)} photos, {len(keys) - len(missing)} of them done already.", file=sys.stderr)
    errors = {}
    try:
        if missing:
            with ray_cluster(address):
                watch(job, outcomes(job, missing, workers, threads), len(missing), errors)
    finally:
        keep_errors(job, errors)
    return errors


@contextmanager
def ray_cluster(address: str | None) -> Iterator[None]:
    """Join a cluster, or have one of this machine, for a while; RequestError if there is none."""
    os.environ.update(QUIET if address else QUIET | LOOPBACK)
    import ray

    if address:
        ours = {name: value for name, value in os.environ.items() if name.startswith(OURS)}
        options = {"address": address, "runtime_env": {"env_vars": ours}}
    else:
        options = {"address": "local", "include_dashboard": False}
        options["object_store_memory"] = OBJECT_STORE
    try:
        ray.init(log_to_driver=False, logging_level=logging.ERROR, **options)
    except (ConnectionError, ValueError) as error:
        raise RequestError(f"There is no Ray cluster at {address}.") from error
    try:
        yield
    finally:
        ray.shutdown()


@dataclass(frozen=True)
class Crew:
    """How many workers there are, and what each one has."""

    workers: int
    cpus: float
    gpus: float
    threads: int


def share_out(
    nodes: list[dict[str, float]],
    workers: int | None = None,
    threads: int | None = None,
    gpu_memory: int = 0,
) -> Crew:
    """Share machines out among workers.

    Args:
        nodes: what each machine has: "CPU", "GPU", and "memory" in bytes.
        workers: how many; as many as the machines carry if None.
        threads: of each; its CPUs if None.
        gpu_memory: bytes of a GPU, 0 if unknown; several workers share a large one.

    """
    cpus, gpus = (sum(int(node.get(kind, 0)) for node in nodes) for kind in ("CPU", "GPU"))
    if workers is None and gpus:
        workers = gpus * max(1, int(gpu_memory // GPU_MEMORY))
    elif workers is None:
        fit = (min(node.get("CPU", 0), node.get("memory", 0) // WORKER_MEMORY) for node in nodes)
        workers = max(1, int(sum(fit)))
    largest = max(node.get("CPU", 1) for node in nodes)
    mine = min(cpus / workers, largest)
    mine = math.floor(mine) if mine >= 1 else math.floor(100 * mine) / 100
    sharing = math.ceil(workers / gpus) if gpus else 0
    return Crew(workers, mine, 1 / sharing if sharing else 0, threads or max(1, int(mine)))


def find_crew(workers: int | None, threads: int | None) -> Crew:
    """The workers on the machines that Ray has."""
    import ray

    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    cuda = torch.cuda.is_available()
    memory = torch.cuda.get_device_properties(0).total_memory if cuda else 0
    return share_out(nodes, workers, threads, memory)


def outcomes(
    job: Job, stems: dict[str, str], workers: int | None, threads: int | None
) -> Iterator[tuple[str, str]]:
    """Have all photos made; each with its error, or an empty text, as soon as it is done."""
    import ray.data

    crew = find_crew(workers, threads)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    size = PART if job.parquet else min(BLOCK, max(1, len(stems) // (ROUNDS * crew.workers)))
    photos = [{"key": key, "stem": stem} for key, stem in stems.items()]
    made = ray.data.from_items(photos, override_num_blocks=math.ceil(len(photos) / size))
    made = made.map_batches(
        Worker,
        fn_constructor_args=(job, crew.threads, secrets.token_hex(8)),
        compute=ray.data.ActorPoolStrategy(size=crew.workers),
        batch_size=size,
        num_cpus=crew.cpus,
        num_gpus=crew.gpus,
    )
    try:
        for row in made.iter_rows():
            yield row["key"], row["error"]
    except ray.exceptions.RayError as error:
        reason = str(error).strip().splitlines()[-1]
        raise RequestError(f"The workers cannot go on: {reason}") from error


def watch(job: Job, made: Iterable[tuple[str, str]], total: int, errors: dict[str, str]) -> None:
    """Show how fast it goes and how long it will; put what goes wrong into `errors`, by photo."""
    kept = time.monotonic()
    every = 0.5 if sys.stderr.isatty() else BAR_EVERY
    with tqdm(total=total, unit="photo", mininterval=every, smoothing=0.05) as bar:
        for key, error in made:
            bar.update()
            if error:
                errors[key] = error
                tqdm.write(f"{job.source.address(key)}: {error}", file=sys.stderr)
                if time.monotonic() - kept > ERRORS_EVERY:
                    keep_errors(job, errors)
                    kept = time.monotonic()


def keep_errors(job: Job, errors: dict[str, str]) -> None:
    """Write `errors.jsonl`, a line a photo; no file where nothing went wrong."""
    if not errors:
        job.output.delete(ERRORS)
        return
    lines = (
        json.dumps({"path": job.source.address(key), "error": error})
        for key, error in sorted(errors.items())
    )
    job.output.write(ERRORS, "".join(f"{line}\n" for line in lines).encode())
