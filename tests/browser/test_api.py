"""What programs can ask of the served app."""

import json
import urllib.error
import urllib.request

import pytest
import skimage.data
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

SIZE = (300, 200)


@pytest.fixture(scope="module")
def client(address, tmp_path_factory):
    running = Client(address, verbose=False, download_files=tmp_path_factory.mktemp("got"))
    yield running
    running.close()


@pytest.fixture
def photo_file(tmp_path):
    Image.fromarray(skimage.data.coffee()).resize(SIZE).save(tmp_path / "coffee.png")
    return tmp_path / "coffee.png"


def size_of(file):
    with Image.open(file) as image:
        return image.size


def test_programs_can_predict_and_refocus(client, photo_file):
    depth, saliency, facts = client.predict(photo=handle_file(photo_file), api_name="/predict")
    assert size_of(depth) == size_of(saliency) == SIZE
    assert facts["version"] and 0 <= facts["focus"] <= 1
    file, facts = client.predict(
        photo=handle_file(photo_file), focus="64,48", f_stop=1.4, api_name="/refocus"
    )
    assert size_of(file) == SIZE and facts["reason"] == "picked at 64, 48"


def test_endpoints_are_named_typed_and_no_others_are_shown(client):
    endpoints = client.view_api(return_format="dict")["named_endpoints"]
    assert set(endpoints) == {"/predict", "/refocus"}
    parameters = {p["parameter_name"]: p for p in endpoints["/refocus"]["parameters"]}
    assert parameters["f_stop"]["python_type"]["type"] == "float"
    assert parameters["focus"]["parameter_default"] == "auto"


@pytest.mark.parametrize("focus", ["nearby", "2", "5000,1"])
def test_a_program_is_told_in_a_sentence_what_was_wrong(client, photo_file, focus):
    with pytest.raises(AppError, match=focus.split(",")[0]):
        client.predict(photo=handle_file(photo_file), focus=focus, api_name="/refocus")


def test_the_lens_is_set_by_its_fields(client, photo_file, tmp_path):
    Image.new("L", SIZE, 255).save(tmp_path / "sharp.png")
    Image.linear_gradient("L").resize(SIZE).save(tmp_path / "depth.png")
    file, facts = client.predict(
        photo=handle_file(photo_file),
        focus="0.9",
        range=0.3,
        cats_eye=0.5,
        spherical=-0.5,
        depth=handle_file(tmp_path / "depth.png"),
        invert=True,
        correction=handle_file(tmp_path / "sharp.png"),
        api_name="/refocus",
    )
    assert size_of(file) == SIZE and facts["range"] == 0.3 and facts["focus"] == 0.9


def test_a_program_cannot_have_the_servers_files_read(address, photo_file):
    file = {"path": str(photo_file), "meta": {"_type": "gradio.FileData"}}
    body = json.dumps({"data": [file, None]}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{address}gradio_api/call/predict", body, headers)
    with pytest.raises(urllib.error.HTTPError, match="400") as refused:
        urllib.request.urlopen(request)
    with refused.value as answer:
        assert "not uploaded here" in answer.read().decode()
