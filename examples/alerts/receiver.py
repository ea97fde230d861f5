"""A receiver of alerts: refuses the first two attempts, checks the signature of each and prints what it takes.

    python3 receiver.py PORT KEY
"""

import hashlib
import hmac
import http.server
import json
import sys
import time

PORT, KEY = int(sys.argv[1]), sys.argv[2].encode()
TOO_OLD = 300  # seconds: what was recorded long ago is not taken
seen, refusals = set(), 2


def is_signed(headers, body):
    parts = dict(part.split("=", 1) for part in headers.get("Assetd-Signature", "t=0,v1=").split(","))
    expected = hmac.new(KEY, parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, parts["v1"]) and abs(time.time() - int(parts["t"])) < TOO_OLD


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        global refusals
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not is_signed(self.headers, body):
            return self.answer(401)
        if refusals > 0:
            refusals -= 1
            return self.answer(503)
        if self.headers["Idempotency-Key"] not in seen:  # an alert may come twice
            seen.add(self.headers["Idempotency-Key"])
            print(json.dumps(json.loads(body), indent=2), flush=True)
        self.answer(204)

    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()


http.server.HTTPServer(("127.0.0.1", PORT), Receiver).serve_forever()
