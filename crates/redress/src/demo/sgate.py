#!/usr/bin/env python3
"""Calls SGate's API of the demo in this directory, signed.

    sgate.py METHOD PATH OPERATION [BODY]
    sgate.py GET /refunds/M948164T..._R1 refund.detail
"""
import base64, hashlib, hmac, json, pathlib, sys, time, urllib.error, urllib.parse, urllib.request

if len(sys.argv) not in (4, 5):
    sys.exit(__doc__)
method, path, operation = sys.argv[1:4]
body = sys.argv[4].encode() if len(sys.argv) == 5 else None
demo = json.loads((pathlib.Path(__file__).parent / "demo.json").read_text())
key, secret = demo["sgate"]["key"], demo["sgate"]["secret"]
timestamp = str(int(time.time()))
signed = {"key": key, "method": operation, "signMethod": "HmacSHA256", "signVersion": "1",
          "timestamp": timestamp, "uri": path}
text = "&".join(f"{name}={urllib.parse.quote(signed[name], safe='')}" for name in sorted(signed))
signature = base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()
headers = {"x-auth-key": key, "x-auth-timestamp": timestamp, "x-auth-sign-method": "HmacSHA256",
           "x-auth-sign-version": "1", "x-auth-signature": signature, "content-type": "application/json"}
request = urllib.request.Request(demo["base_url"] + "/api_v1" + path, body, headers, method=method)
try:
    with urllib.request.urlopen(request) as answer:
        print(answer.read().decode())
except urllib.error.HTTPError as refused:
    sys.exit(f"{refused.code} {refused.read().decode()}")
