"""RabbitMQ's management API, and the queues an integration layer keeps for gift card events.

Where the broker is and who calls comes from the environment: LIVE_DIR (folder of up.sh, holds the password files),
RABBITMQ_HTTP, RABBITMQ_USER. Nothing here prints a password.
"""
import base64
import http.client
import json
import os
from pathlib import Path
from urllib.parse import quote

EXCHANGE, DEAD = "gc.events", "gc.dlx"
KINDS = ["load", "redemption", "refund"]


class Refused(Exception):
    """What the broker refused, in its own words."""


class Broker:
    def __init__(self, user=None):
        self.user = user or os.environ.get("RABBITMQ_USER", "integration")
        self.port = int(os.environ.get("RABBITMQ_HTTP", "15673"))
        self.secrets = Path(os.environ["LIVE_DIR"], "secrets")

    def password(self):
        return (self.secrets / self.user).read_text().strip()

    def basic(self, password=None):
        return {"Authorization": "Basic " + base64.b64encode(f"{self.user}:{password or self.password()}".encode()).decode()}

    def send(self, method, path, body=None, headers=None):
        """One request as it is; gives status, headers and the body's text."""
        wire = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            text = body if body is None or isinstance(body, str) else json.dumps(body)
            wire.request(method, path, text, headers or {})
            answer = wire.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()
        finally:
            wire.close()

    def call(self, method, path, body=None):
        status, _, text = self.send(method, "/api" + path, body, {"Content-Type": "application/json", **self.basic()})
        if status >= 300:
            raise Refused(f"HTTP {status} {text}")
        return json.loads(text) if text else None


def name(text):
    """A name as one part of a path: the vhost / is %2F."""
    return quote(text, safe="")


def queue(text, tail=""):
    return f"/queues/{name('/')}/{name(text)}{tail}"
