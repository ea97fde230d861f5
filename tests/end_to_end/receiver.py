"""Receivers of alerts on this machine: a web server and a mail server that keep what they get."""

import contextlib
import http.server
import json
import socketserver
import threading


class Webhook:
    """Keeps every request as (path, headers, body); `answers` are the next statuses, then 200."""

    def __init__(self, answers=(), port=0):
        self.answers, self.requests = list(answers), []
        self.release = threading.Event()  # what hangs goes on
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.requests.append((self.path, dict(self.headers.items()), body))
                if self.path.startswith("/hang"):
                    outer.release.wait(120)
                status = outer.answers.pop(0) if outer.answers else 200
                with contextlib.suppress(OSError):
                    self.send_response(status)
                    self.send_header("content-length", "0")
                    self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def bodies(self):
        return [json.loads(body) for _, _, body in self.requests]

    def close(self):
        self.release.set()
        self.server.shutdown()
        self.server.server_close()


class MailServer:
    """As much of RFC 5321 as one mail needs; keeps (sender, recipients, text). Takes nothing for an address that holds one of `refused`."""

    def __init__(self):
        self.mails, self.refused = [], ()
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def say(self, text):
                self.wfile.write(text.encode() + b"\r\n")

            def handle(self):
                sender, recipients = "", []
                self.say("220 here")
                for raw in self.rfile:
                    line = raw.decode().strip()
                    word = line[:4].upper()
                    if word == "MAIL":
                        sender, recipients = line, []
                    elif word == "RCPT":
                        if any(each in line for each in outer.refused):
                            self.say("550-5.1.1 there is no such address")
                            self.say("550 5.1.1 ask the postmaster")
                            continue
                        recipients.append(line)
                    elif word == "DATA":
                        self.say("354 go on")
                        lines = []
                        for part in self.rfile:
                            if part == b".\r\n":
                                break
                            lines.append(part)
                        outer.mails.append((sender, recipients, b"".join(lines)))
                    elif word == "QUIT":
                        return self.say("221 bye")
                    self.say("250 ok")

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"smtp://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
