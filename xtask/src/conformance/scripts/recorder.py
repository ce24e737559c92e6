"""An HTTP proxy that writes down each exchange, one JSON object a line.

    recorder.py UPSTREAM FILE PORT
"""
import base64
import http.client
import json
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

upstream, file, port = urllib.parse.urlsplit(sys.argv[1]), sys.argv[2], int(sys.argv[3])
lock = threading.Lock()
# They belong to one connection.
HOPS = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "host", "content-length"}


def kept(headers):
    return [(name, value) for name, value in headers if name.lower() not in HOPS]


class Handler(BaseHTTPRequestHandler):
    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        sent = kept(self.headers.items())
        connection = http.client.HTTPConnection(upstream.hostname, upstream.port, timeout=120)
        try:
            connection.request(self.command, upstream.path + self.path, body or None, dict(sent))
            answer = connection.getresponse()
            status, came, text = answer.status, kept(answer.getheaders()), answer.read()
        except (OSError, http.client.HTTPException):
            # No answer is passed on as no answer.
            self.close_connection = True
            return
        finally:
            connection.close()
        self.write_down(sent, body, status, came, text)
        self.send_response_only(status)
        for name, value in came:
            self.send_header(name, value)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def write_down(self, sent, body, status, came, text):
        line = json.dumps({
            "method": self.command, "path": self.path, "headers": sent, "body": base64.b64encode(body).decode(),
            "status": status, "answer_headers": came, "answer": base64.b64encode(text).decode(),
        })
        with lock, open(file, "a", encoding="utf-8") as out:
            out.write(line + "\n")

    def log_message(self, *_):
        pass


open(file, "w", encoding="utf-8").close()
ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
