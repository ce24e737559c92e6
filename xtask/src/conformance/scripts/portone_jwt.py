"""PortOne's API with tokens that PyJWT makes.

    portone_jwt.py DEMO FIRST
"""
import sys
import time

import jwt

from common import Site, must, passed

demo, first = sys.argv[1:]
site = Site(demo)
payment = site.payments("VND")[int(first)]
path = f"/api/refund/{payment['order_ref']}"
key, secret = site.told["portone"]["client_key"], site.told["portone"]["secret"]
body = {"amount": 1000, "channel": payment["channel"], "description": "", "environment": "sandbox",
        "refund_type": "partial", "refund_reason": "conformance"}


def token(secret=secret, algorithm="HS256", **claims):
    now = int(time.time())
    whole = {"iss": "PORTONE", "sub": key, "iat": now, "exp": now + 100, **claims}
    whole = {name: value for name, value in whole.items() if value is not None}
    return jwt.encode(whole, secret, algorithm=algorithm)


taken = refused = 0
for issuer in ("PORTONE", "CHAIPAY"):
    for method, sent in (("POST", body), ("GET", None)):
        status, answer = site.portone(method, path, sent, token(iss=issuer))
        must(status == 200, f"a good token on {method}: {status} {answer}")
        must(len(answer["refundDetails"]) == (1 if issuer == "PORTONE" else 2), f"{answer}")
        taken += 1
now = int(time.time())
bad = {
    "another secret": token(secret[::-1]),
    "the secret's bytes": token(bytes.fromhex(secret)),
    "expired": token(iat=now - 7200, exp=now - 3600),
    "without exp": token(exp=None),
    "another's sub": token(sub="another"),
    "another issuer": token(iss="SOMEBODY"),
    "no signature": token(secret=None, algorithm="none"),
    "another algorithm": token(algorithm="HS512"),
}
for what, one in bad.items():
    for method, sent in (("POST", body), ("GET", None)):
        status, answer = site.portone(method, path, sent, one)
        must(status == 401, f"a token with {what} on {method}: {status} {answer}")
        refused += 1
_, left = site.portone("GET", path, None, token())
must(len(left["refundDetails"]) == 2, f"a refused token made a refund: {left}")
passed(f"{taken} calls with good tokens taken, {refused} with bad ones refused with 401")
