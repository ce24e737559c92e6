"""A client of SGate's API: signs as its sample in Python does, by `urlencode`. See sgate.py."""
import base64
import hashlib
import hmac
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

for line in sys.stdin:
    base, key, secret, verb, path, operation, body = line.rstrip("\n").split("\t")
    signed = {"uri": path, "key": key, "timestamp": str(int(time.time())), "signMethod": "HmacSHA256",
              "signVersion": "1", "method": operation}
    text = urllib.parse.urlencode(sorted(signed.items()))
    signature = base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()
    headers = {"x-auth-signature": signature, "x-auth-key": key, "x-auth-timestamp": signed["timestamp"],
               "x-auth-sign-method": "HmacSHA256", "x-auth-sign-version": "1", "content-type": "application/json"}
    request = urllib.request.Request(base + path, body.encode() or None, headers, method=verb)
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=120) as answer:
            print(answer.status, answer.read().decode(), sep="\t", flush=True)
    except urllib.error.HTTPError as error:
        print(error.code, error.read().decode(), sep="\t", flush=True)
