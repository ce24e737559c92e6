"""Sets up a server of its own: its settings, a merchant and its keys; own.json says what a client needs.

    prepare.py PROGRAM FOLDER PORT SANDBOX_PORT
"""
import json
import pathlib
import sys

from common import redress

program, folder, port, sandbox_port = sys.argv[1:]
folder = pathlib.Path(folder)
settings = folder / "redress.toml"
settings.write_text(f"""\
[server]
listen = "127.0.0.1:{port}"
public_url = "http://127.0.0.1:{port}"
metrics_listen = "off"
shutdown_limit = "5s"

[store]
path = "{folder / 'redress.db'}"

[engine]
resolve_first = "500ms"
resolve_max = "2s"
pending_first = "500ms"
pending_max = "2s"
poll = "200ms"
# Nothing here keeps anybody waiting, but a machine may stand still for most of a minute: nobody gives up meanwhile.
face_wait = "90s"
lease = "300s"

[psp]
timeout = "90s"
connect_timeout = "60s"
allow_loopback = true

[notifications]
allow_loopback = true

[log]
format = "text"
""")
place = ["--config", str(settings)]
merchant = json.loads(redress(program, "merchant", "add", *place, "--name", "Conformance", "--json"))


def key(kind, *more):
    words = ["key", "add", *place, "--merchant", merchant["code"], "--kind", kind, *more, "--json"]
    return json.loads(redress(program, *words))


portone, sgate, api = key("portone"), key("sgate", "--environment", "sandbox"), key("api", "--environment", "sandbox")
(folder / "own.json").write_text(json.dumps({
    "base_url": f"http://127.0.0.1:{port}",
    "sandbox_url": f"http://127.0.0.1:{sandbox_port}",
    "merchant": {"id": merchant["id"], "code": merchant["code"]},
    "portone": {"client_key": portone["key"], "secret": portone["secret"]},
    "sgate": {"key": sgate["key"], "secret": sgate["secret"]},
    "api_key": api["secret"],
    "payments": [],
}))
