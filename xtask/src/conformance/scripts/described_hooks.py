"""What schemathesis is told about Redress: who calls, and what there is to call it about.

It is loaded by schemathesis; described.py tells it the rest in REDRESS_DESCRIBED.
"""
import atexit
import base64
import collections
import json
import os
import random
import re
import time
import urllib.parse

import jwt
import requests
import schemathesis

from common import mac

TOLD = json.loads(os.environ["REDRESS_DESCRIBED"])

# What SGate's clients sign the name of, by method and path.
OPERATIONS = [
    ("POST", r"/orders/[^/]*/refunds", "order.refund"),
    ("GET", r"/orders/[^/]*", "order.detail"),
    ("GET", r"/refunds/[^/]*", "refund.detail"),
    ("GET", r"/transactions/[^/]*/merchant", "transaction.detailForMerchant"),
    ("GET", r"/merchants/[^/]*", "merchant.detail"),
]

# Nobody listens there: a fuzzer's addresses are strangers'.
NOBODY = "http://127.0.0.1:65535/"


class Signed(requests.auth.AuthBase):
    """Proves each request as it goes over the wire."""

    def __call__(self, request):
        proved = {"v1": bearer, "portone": portone, "sgate": sgate}[TOLD["api"]](request)
        request.headers.update(proved)
        return request


def bearer(_):
    return {"Authorization": f"Bearer {TOLD['api_key']}"}


def portone(_):
    key, secret = TOLD["portone"]["client_key"], TOLD["portone"]["secret"]
    token = jwt.encode({"iss": "PORTONE", "sub": key, "exp": int(time.time()) + 100}, secret, algorithm="HS256")
    return {"X-Portone-Client-Key": key, "Authorization": f"Bearer {token}"}


def sgate(request):
    key, secret = TOLD["sgate"]["key"], TOLD["sgate"]["secret"]
    uri, at = request.path_url.removeprefix("/api_v1"), str(int(time.time()))
    path = uri.partition("?")[0]
    fits = (name for method, form, name in OPERATIONS if method == request.method and re.fullmatch(form, path))
    encode = lambda text: urllib.parse.quote(text, safe="-_.!~*'()")
    text = (f"key={encode(key)}&method={encode(next(fits, 'none'))}&signMethod=HmacSHA256&signVersion=1"
            f"&timestamp={at}&uri={encode(uri)}")
    return {"x-auth-key": key, "x-auth-timestamp": at, "x-auth-sign-method": "HmacSHA256",
            "x-auth-sign-version": "1", "x-auth-signature": base64.b64encode(mac(secret, text)).decode()}


if TOLD["signed"]:
    schemathesis.auth.set_from_requests(Signed())


@schemathesis.hook
def before_call(_context, case, **_):
    """Turns made-up values into ones that exist, mostly, and addresses into nobody's. A good value only
    ever becomes another good one, so what schemathesis thinks of the request stays true. Which ones is a matter of the
    request alone, so that it can be made again; but until an operation was done once its names are taken in turn, since of
    some few requests are made."""
    dice = random.Random(repr((case.path_parameters, case.query, case.body)))
    turn = ASKED[operation_of(case)]
    ASKED[operation_of(case)] += 1
    for name, value in dict(case.path_parameters or {}).items():
        path = case.operation.path
        known = next(filter(None, map(TOLD["names"].get, (name, f"{name} {path}", f"{name} {case.method} {path}"))), None)
        if not known or not isinstance(value, str) or not value:
            continue
        if operation_of(case) not in DONE:
            case.path_parameters[name] = known[turn % len(known)]
        # An endpoint to which something is under way is too busy to be tested: only those to which nothing is.
        elif path.endswith("/test") or dice.random() < 0.8:
            case.path_parameters[name] = dice.choice(known)
    for name, value in dict(case.headers or {}).items():
        # Nobody waits for what does not end.
        if name.lower() == "prefer" and str(value).startswith("wait="):
            case.headers[name] = "wait=0"
    if isinstance(case.body, dict):
        for field, value in list(case.body.items()):
            case.body[field] = better(field, value, dice)


def better(field, value, dice):
    if isinstance(value, str) and value.lower().startswith(("http:", "https:")):
        return NOBODY
    if field == "amount" and type(value) in (int, float) and value > 0 and dice.random() < 0.8:
        return dice.randrange(TOLD["least"], 100 * TOLD["least"])
    known = TOLD["fields"].get(field)
    fits = isinstance(value, str) and 0 < len(value) <= 255 and "\0" not in value
    if known and fits and (value in known or dice.random() < 0.9):
        return dice.choice(known)
    return value


@schemathesis.serializer("application/x-ndjson")
def json_lines(_context, value):
    """Lines are sent as they are. A value of another kind is none: `false` by itself would be a line, if a wrong one."""
    return value.encode("utf-8", "replace") if isinstance(value, str) else b""


ANSWERED = collections.Counter()
# How often an operation was asked for, and which were done.
ASKED, DONE = collections.Counter(), set()


def operation_of(case):
    return case.operation.definition.raw["operationId"]


@schemathesis.hook
def after_call(_context, case, response):
    ANSWERED[f"{operation_of(case)} {response.status_code}"] += 1
    if response.status_code < 300:
        DONE.add(operation_of(case))


@atexit.register
def tell():
    with open("answered.json", "w", encoding="utf-8") as out:
        json.dump(ANSWERED, out, indent=1)


@schemathesis.check
def refused_without_credentials(_ctx, response, case):
    """Whoever proves nothing is let in nowhere, whatever else is wrong with the request."""
    protected = case.operation.definition.raw.get("security") != [{}]
    if TOLD["signed"] or not protected or response.request.method != case.operation.method.upper():
        return None
    # A path that is another's, or nobody's.
    if response.status_code == 404 and response.request.path_url.count("/") != case.operation.path.count("/"):
        return None
    # SGate's face says 403 where the five headers are there and prove nothing.
    if response.status_code not in ((401, 403) if TOLD["api"] == "sgate" else (401,)):
        raise AssertionError(f"{response.status_code} without credentials")
    return None
