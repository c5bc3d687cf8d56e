# Runs on a processor, and on a GPU where the container is given one (docker run --gpus all).
# For a smaller image, name an index of processor-only builds of torch:
#   docker build --build-arg TORCH_INDEX_URL=… .
FROM python:3.12-slim

ARG TORCH_INDEX_URL=
ENV PIP_NO_CACHE_DIR=1 PYTHONUNBUFFERED=1 GRADIO_SERVER_NAME=0.0.0.0 GRADIO_SERVER_PORT=7860

RUN useradd --create-home autofocus
WORKDIR /home/autofocus/app
COPY requirements.txt constraints.txt ./
RUN pip install ${TORCH_INDEX_URL:+--index-url "$TORCH_INDEX_URL"} -c constraints.txt torch \
    && pip install -c constraints.txt -r requirements.txt
COPY app.py LICENSE NOTICE ./
COPY autofocus autofocus

USER autofocus
EXPOSE 7860
HEALTHCHECK --start-period=60s --interval=30s --timeout=5s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860/', timeout=4)"]
STOPSIGNAL SIGTERM
CMD ["python", "app.py"]
