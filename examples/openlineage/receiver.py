"""A receiver of OpenLineage: prints each event as one line, and all of it with --all.

    python3 receiver.py PORT KEY [--all]
"""

import http.server
import json
import sys

PORT, KEY, ALL = int(sys.argv[1]), sys.argv[2], "--all" in sys.argv
seen = set()


def line(event):
    names = {side: " + ".join(each["name"] for each in event[side]) or "nothing" for side in ("inputs", "outputs")}
    why = event["run"]["facets"].get("errorMessage", {}).get("message", "")
    return f"{event['eventTime']} {event['eventType']:8} {event['job']['namespace']}/{event['job']['name']}: {names['inputs']} -> {names['outputs']}  {why}".rstrip()


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        allowed = self.headers["Authorization"] == f"Bearer {KEY}"
        if allowed and self.headers["Idempotency-Key"] not in seen:  # an event may come twice
            seen.add(self.headers["Idempotency-Key"])
            event = json.loads(body)
            print(json.dumps(event, indent=2) if ALL else line(event), flush=True)
        self.send_response(201 if allowed else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


http.server.HTTPServer(("127.0.0.1", PORT), Receiver).serve_forever()
