"""Which routes of Gradio's app are open, and why each; every other one answers "not found".

`docs/security.md` holds the same table, and a test compares it with this one and with the routes
of the Gradio that is installed.
"""

import re

HISTORY, LENDS = "/gradio_api/run-history", "run history: lends the operator's token for the Hub"
STREAM = "/gradio_api/stream/{session_hash}/{run}/{component_id}"

OPEN = {
    "/": "the page",
    "/blind": "the page where reviewers judge",
    "/blind/": "leads to the one without the slash",
    "/config": "what is on the page, for `gradio_client`",
    "/config/": "the same",
    "/assets/{path:path}": "Gradio's scripts and styles",
    "/static/{path:path}": "Gradio's fonts and pictures",
    "/svelte/{path:path}": "Gradio's scripts",
    "/theme.css": "the page's colours and sizes",
    "/gradio_api/theme.css": "the same",
    "/favicon.ico": "the browser asks for it",
    "/robots.txt": "search engines ask for it",
    "/manifest.json": "the browser asks for it",
    "/gradio_api/app_id": "a page that was cut off asks whether this is the same server",
    "/gradio_api/app_id/": "the same",
    "/gradio_api/startup-events": "the server asks itself when it starts; later it does nothing",
    "/gradio_api/info": "the endpoints for programs",
    "/gradio_api/info/": "the same",
    "/gradio_api/openapi.json": "the endpoints for programs, as OpenAPI",
    "/gradio_api/heartbeat/{session_hash}": "tells that a page is still open",
    "/gradio_api/upload": "photos come in; limited in size, number and time",
    "/gradio_api/upload_progress": "how much of an upload has come",
    "/gradio_api/file={path_or_url:path}": "files of visits, by names that nobody can guess",
    "/gradio_api/queue/join": "an event of the page",
    "/gradio_api/queue/data": "the answers to it",
    "/gradio_api/queue/status": "how many wait",
    "/gradio_api/run/{api_name}": "an event that does not wait",
    "/gradio_api/run/{api_name}/": "the same",
    "/gradio_api/call/{api_name}": "a program asks",
    "/gradio_api/call/{api_name}/": "the same",
    "/gradio_api/call/{api_name}/{event_id}": "a program fetches the answer",
    "/gradio_api/call/v2/{api_name}": "a program asks, with named arguments",
    "/gradio_api/call/v2/{api_name}/": "the same",
    "/gradio_api/call/v2/{api_name}/{event_id}": "a program fetches the answer",
    "/gradio_api/cancel": "a visitor no longer wants an answer",
    "/gradio_api/reset": "does nothing; the page calls it",
    "/gradio_api/reset/": "the same",
    "/gradio_api/mcp": "the endpoints for assistants (MCP), where `mcp` is installed",
}
SHUT = {
    "/openapi.json": "FastAPI's own list of routes: nobody needs it",
    "/login": "there are no accounts",
    "/login/": "there are no accounts",
    "/logout": "there are no accounts",
    "/gradio_api/user": "there are no accounts",
    "/gradio_api/user/": "there are no accounts",
    "/gradio_api/login_check": "there are no accounts",
    "/gradio_api/login_check/": "there are no accounts",
    "/gradio_api/token": "there are no accounts",
    "/gradio_api/token/": "there are no accounts",
    "/gradio_api/deep_link": "writes the state of a page to disk for whoever has the link",
    "/gradio_api/runs": "run history",
    "/gradio_api/runs/": "run history",
    f"{HISTORY}/connect": LENDS,
    f"{HISTORY}/buckets": LENDS,
    f"{HISTORY}/records": LENDS,
    f"{HISTORY}/records/{{endpoint}}/{{record_id}}/assets/{{asset_id}}": LENDS,
    "/gradio_api/proxy={url_path:path}": "fetches addresses",
    "/gradio_api/file/{path:path}": "the old form of `file=`",
    "/gradio_api/api/{api_name}": "the old form of `run`",
    "/gradio_api/api/{api_name}/": "the old form of `run`",
    "/gradio_api/component_server": "no component of the page has functions on the server",
    "/gradio_api/component_server/": "no component of the page has functions on the server",
    "/gradio_api/custom_component/{id}/{environment}/{type}/{file_name}": "there is none",
    "/gradio_api/stream/{event_id}": "nothing is streamed",
    "/gradio_api/stream/{event_id}/close": "nothing is streamed",
    f"{STREAM}/playlist.m3u8": "nothing is streamed",
    f"{STREAM}/{{segment_id}}.{{ext}}": "nothing is streamed",
    f"{STREAM}/playlist-file": "nothing is streamed",
    "/gradio_api/process_recording": "writes files and runs ffmpeg",
    "/gradio_api/dev/reload": "for developing",
    "/gradio_api/vibe-edit": "lets a model rewrite the app",
    "/gradio_api/vibe-edit/": "lets a model rewrite the app",
    "/gradio_api/undo-vibe-edit": "rewrites the app",
    "/gradio_api/undo-vibe-edit/": "rewrites the app",
    "/gradio_api/vibe-code": "shows and rewrites the app's source",
    "/gradio_api/vibe-code/": "shows and rewrites the app's source",
    "/gradio_api/vibe-starter-queries": "sends the app's source to others",
    "/gradio_api/vibe-starter-queries/": "sends the app's source to others",
    "/gradio_api/profiling/traces": "for developing",
    "/gradio_api/profiling/summary": "for developing",
    "/gradio_api/profiling/clear": "for developing",
    "/monitoring": "who asked for what",
    "/monitoring/summary": "who asked for what",
    "/monitoring/{key}": "who asked for what",
    "/pwa_icon": "the page is no app to install",
    "/pwa_icon/{size}": "the page is no app to install",
}


def pattern_of(route: str) -> re.Pattern:
    """What paths a route stands for."""
    parts = re.split(r"\{(\w+)(:path)?\}", route)
    text = ""
    for fixed, _, wide in zip(parts[::3], parts[1::3], parts[2::3], strict=False):
        text += re.escape(fixed) + (".+" if wide else "[^/]+")
    return re.compile(text + re.escape(parts[-1]))


PATTERNS = [pattern_of(route) for route in OPEN]
PATTERNS.append(re.compile(r"/gradio_api/mcp/.*"))


def is_open(path: str) -> bool:
    """Whether a path (decoded, without the query) is answered."""
    return any(pattern.fullmatch(path) for pattern in PATTERNS)
