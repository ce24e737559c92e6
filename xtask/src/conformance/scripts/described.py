"""Holds a face to its description with schemathesis, which makes requests of it, good ones and bad ones.

    described.py PROGRAM OWN API signed|unsigned CASES

CASES is the most requests that are made up for an operation, besides those of the description's examples and of the
borders of its values. Whoever is signed is a merchant of its own, with payments at the sandbox.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import zlib

from common import Site, call, failed, must, passed, redress
from described_own import own_names

SEED = "20261118"

DESCRIPTIONS = {"v1": "/v1/openapi.json", "portone": "/docs/openapi/portone.json", "sgate": "/docs/openapi/sgate.json"}

# Off, each with its reason: positive_data_acceptance (which sums, orders and accounts are good depends on the payments, so
# a request that fits the description may well be refused), use_after_free, ensure_resource_availability and
# object_level_authorization (they go by links between operations, of which there are none).
CHECKS = ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
          "response_schema_conformance", "negative_data_rejection", "missing_required_header", "unsupported_method",
          "allow_header_conformance", "ignored_auth", "refused_without_credentials"]

PAYMENTS = 8
MOMO = {"partner_code": "MOMO", "access_key": "F8BBA842ECF85", "secret_key": "K951B6PE1waDMi640xX08PD3vg6EkVlz"}
TAP = {"secret_key": "sk_test_XKokBfNWv6FIYuTMg5sLPjhJ"}

program, own, api, how, cases = sys.argv[1:]
site = Site(own)
name = f"{api}-{how}"
folder = site.folder / name
folder.mkdir(exist_ok=True)


def merchant():
    """A merchant that has what the requests are about; its keys."""
    made = json.loads(redress(program, "merchant", "add", *site.place, "--name", name, "--json"))

    def key(kind, *more):
        words = ["key", "add", *site.place, "--merchant", made["code"], "--kind", kind, *more, "--json"]
        return json.loads(redress(program, *words))

    portone, sgate, own_key = key("portone"), key("sgate", "--environment", "sandbox"), \
        key("api", "--environment", "sandbox", "--right", "close_cases")
    site.merchant = made["code"]
    site.told = {**site.told, "portone": {"client_key": portone["key"], "secret": portone["secret"]},
                 "sgate": {"key": sgate["key"], "secret": sgate["secret"]}, "api_key": own_key["secret"]}


merchant()
psp, currency, method, channel, credentials = \
    ("tap", "SAR", "tap", "TAP", TAP) if api == "sgate" else ("momo", "VND", "MOMOPAY_WALLET", "MOMOPAY", MOMO)
account = site.add_account(program, psp, site.sandbox, credentials)["id"]
orders = [f"{name}-{number}" for number in range(PAYMENTS)]
for number, order in enumerate(orders):
    known = f"chg_{name}_{number}" if psp == "tap" else str(zlib.crc32(order.encode()))
    site.control("payment", {"psp": psp, "payment": known, "currency": currency, "amount_minor": 10**12})
    site.add_payment(order, account, known, currency, 10**12, method, channel, merchant_order_ref=order)
if api == "sgate":
    for order in orders:
        site.sgate_refund(order, "1", f"first of {order}")
    told_names = {
        "id /api_v1/orders/{id}/refunds": orders,
        "id /api_v1/orders/{id}": orders,
        "id /api_v1/refunds/{id}": [f"{order}_R1" for order in orders],
        "id /api_v1/transactions/{id}/merchant": [f"{order}_{number}" for order in orders for number in (1, 2)],
        "id /api_v1/merchants/{id}": [site.merchant],
    }
elif api == "v1":
    tap = site.add_account(program, "tap", site.sandbox, TAP)["id"]
    told_names = own_names(site, program, account, tap, orders)
else:
    told_names = {"order_ref": orders, "merchant_order_ref": orders, "key": [site.told["portone"]["client_key"]]}
fields = {
    "v1": {"psp_account": [account], "currency": [currency], "outcome": ["succeeded", "failed"], "dialect": ["standard"],
           "reason": ["other"], "expected_refundable": [10**12], "since": ["2026-01-01T00:00:00Z"],
           "environment": ["sandbox"], "blocked": ["released"]},
    "sgate": {},
    "portone": {"channel": [channel], "environment": ["sandbox", "sandbox", "sandbox", "live"], "order_ref": orders,
                "portone_key": [site.told["portone"]["client_key"]],
                "portone_secret": [site.told["portone"]["secret"]], "url": ["http://127.0.0.1:65535/"]},
}[api]
told = {"api": api, "signed": how == "signed", "names": told_names, "fields": fields,
        "least": 1 if api == "sgate" else 1000,
        **{part: site.told[part] for part in ("portone", "sgate", "api_key")}}

settings = folder / "schemathesis.toml"
settings.write_text(f"""\
seed = {SEED}
continue-on-failure = true
request-timeout = 120
# It measures the machine, which may stand still for longer than data may take to be made up.
suppress-health-check = ["too_slow"]
[generation]
database = "none"
with-security-parameters = {"false" if how == "signed" else "true"}
[phases.stateful]
enabled = false
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 428]
""")


def judged(description, log, *options):
    """Runs schemathesis; its exit code, what it said, and what was answered to which operation how often."""
    answered = folder / "answered.json"
    answered.unlink(missing_ok=True)
    run = subprocess.run(
        [str(pathlib.Path(sys.executable).with_name("schemathesis")), "--config-file", str(settings), "run",
         description, "--url", site.base, "--checks", ",".join(CHECKS), "--no-color", *options],
        capture_output=True, text=True, check=False, cwd=folder,
        env={**os.environ, "SCHEMATHESIS_HOOKS": str(pathlib.Path(__file__).with_name("described_hooks.py")),
             "PYTHONPATH": str(pathlib.Path(__file__).parent), "REDRESS_DESCRIBED": json.dumps(told)},
    )
    log.write_text(run.stdout + run.stderr)
    return run.returncode, run.stdout, json.loads(answered.read_text()) if answered.exists() else {}


log = folder / "schemathesis.log"
code, said, answered = judged(site.base + DESCRIPTIONS[api], log, "--max-examples", cases)
if code != 0:
    reasons = re.findall(r"^- .*|^.*Error: .*", said, re.MULTILINE)[:9]
    failed(f"schemathesis: {'; '.join(dict.fromkeys(reasons))} (see {log})")
counted = re.search(r"(\d+) generated", said)
operations = {words.split()[0] for words in answered}
done = {words.split()[0] for words in answered if words.split()[1].startswith("2")}
must(counted and len(operations) == int(re.search(r"(\d+) selected", said)[1]), f"not all was called (see {log})")
# What only ever refuses would show little of itself.
must(how == "unsigned" or done == operations, f"never done: {', '.join(sorted(operations - done))} (see {log})")

# A description that is not true must be found out: without its refusals, and with a member that no answer has.
_, untrue = call("GET", site.base + DESCRIPTIONS[api])
for operation in (one for methods in untrue["paths"].values() for one in methods.values()):
    operation["responses"] = {status: one for status, one in operation["responses"].items() if status.startswith("2")}
    for answer in operation["responses"].values():
        for media in answer["content"].values():
            media["schema"] = {"allOf": [media["schema"], {"required": ["never_there"]}]}
lie = folder / "untrue.json"
lie.write_text(json.dumps(untrue))
code, said, _ = judged(str(lie), folder / "untrue.log", "--phases", "examples,coverage", "--max-examples", "1")
must(code == 1 and "Undocumented status code" in said, "an answer that is not described passes")
must(how == "unsigned" or "Response violates schema" in said, "a body that is not as described passes")

redress(program, "verify", *site.place)
passed(f"{counted[1]} requests, {how}, of {len(operations)} operations, each answered as described; the books agree; "
       "an untrue description is found out")
