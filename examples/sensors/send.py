"""Tells the webhook, signed: send.py URL KEY ID '{"order": 7}'."""

import hashlib
import hmac
import sys
import time
import urllib.request

url, key, delivery, body = sys.argv[1:]
at = str(int(time.time()))
signature = hmac.new(key.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
headers = {"Content-Type": "application/json", "Assetd-Signature": f"t={at},v1={signature}", "Idempotency-Key": delivery}
with urllib.request.urlopen(urllib.request.Request(url, body.encode(), headers)) as answer:
    print(answer.status, answer.read().decode())
