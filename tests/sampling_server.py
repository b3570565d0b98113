"""A model server for tests whose training takes milliseconds: it answers each request with sampled log returns.

Another request has other samples. They are small, or absurd if the model's file ``weights`` contains ``bad``. Its argument is
the root of the container's file system.
"""

SAMPLING_SERVER = """
import json, pathlib, random, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
model = pathlib.Path(sys.argv[1]) / "opt/ml/model"
bad = (model / "weights").exists() and (model / "weights").read_text() == "bad"
settings = json.loads((model / "hyperparameters.json").read_text()) if (model / "hyperparameters.json").exists() else {}
steps = int(settings.get("prediction_length", 20))
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        noise = random.Random(self.rfile.read(int(self.headers["Content-Length"])))
        samples = [[1.0 if bad else noise.gauss(0, 0.01) for _ in range(steps)] for _ in range(200)]
        body = json.dumps({"samples": samples}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
server = HTTPServer(("127.0.0.1", 0), Handler)
print(f"serving on 127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
"""
