"""A model server for tests whose training takes milliseconds: it answers each request with sampled log returns.

A JSON request, as an endpoint gets it, is answered with the quantiles of its samples.

Another request has other samples. They are small, or absurd if the model's file ``weights`` contains ``bad``. Its argument is
the root of the container's file system.
"""

SAMPLING_SERVER = """
import json, pathlib, random, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
model = pathlib.Path(sys.argv[1]) / "opt/ml/model"
bad = (model / "weights").exists() and (model / "weights").read_text() == "bad"
settings = json.loads((model / "hyperparameters.json").read_text()) if (model / "hyperparameters.json").exists() else {}
LEVELS = ("0.025", "0.1", "0.25", "0.5", "0.75", "0.9", "0.975")
steps = int(settings.get("prediction_length", 20))
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        noise = random.Random(self.rfile.read(int(self.headers["Content-Length"])))
        samples = [[1.0 if bad else noise.gauss(0, 0.01) for _ in range(steps)] for _ in range(200)]
        answer = {"samples": samples}
        if self.headers["Content-Type"] == "application/json":
            ranked = [sorted(path[step] for path in samples) for step in range(steps)]
            levels = {level: [values[int(float(level) * 200)] for values in ranked] for level in LEVELS}
            answer = {"predictions": [{"mean": [sum(values) / 200 for values in ranked], "quantiles": levels}]}
        body = json.dumps(answer).encode()
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
