"""A Tryton JSON-RPC client that shows exactly what goes over the wire.

Where the server is and who calls comes from the environment: LIVE_DIR (folder of up.sh, holds the password files),
TRYTON_PORT, TRYTON_DATABASE, TRYTON_USER. Nothing here prints a password or a session.
"""
import base64
import http.client
import json
import os
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path


class RPCError(Exception):
    """What the server refused, in its own words."""


def encode(value):
    """Tryton's way to write what JSON has no type for."""
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, datetime):
        return {"__class__": "datetime", "year": value.year, "month": value.month, "day": value.day, "hour": value.hour,
                "minute": value.minute, "second": value.second, "microsecond": value.microsecond}
    if isinstance(value, date):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    raise TypeError(type(value).__name__)


def decode(obj):
    kind = obj.get("__class__")
    if kind == "Decimal":
        return Decimal(obj["decimal"])
    if kind == "date":
        return date(obj["year"], obj["month"], obj["day"])
    if kind == "datetime":
        return datetime(*(obj[k] for k in ("year", "month", "day", "hour", "minute", "second", "microsecond")))
    return obj


class Server:
    def __init__(self, user=None):
        self.context = {}
        self.session = None
        self.user = user or os.environ.get("TRYTON_USER", "integration")
        self.port = int(os.environ.get("TRYTON_PORT", "8100"))
        self.database = os.environ.get("TRYTON_DATABASE", "gcdiag")
        self.secrets = Path(os.environ["LIVE_DIR"], "secrets")

    def password(self, user=None):
        return (self.secrets / (user or self.user)).read_text().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.session:
            self.send(f"/{self.database}/", {"id": 1, "method": "common.db.logout", "params": []}, self.session)

    def login(self):
        """The header of a new session."""
        body = {"id": 1, "method": "common.db.login", "params": [self.user, {"password": self.password()}, "en"]}
        status, _, text = self.send(f"/{self.database}/", body)
        if status != 200:
            raise RPCError(f"login as {self.user}: HTTP {status}")
        user, key = json.loads(text)["result"]
        token = base64.b64encode(f"{self.user}:{user}:{key}".encode()).decode()
        return {"Authorization": "Session " + token}

    def send(self, path, body, headers=None, method="POST"):
        """One request as it is; gives status, headers and the body's text."""
        head = {"Content-Type": "application/json", **(headers or {})}
        wire = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            text = None if body is None else json.dumps(body, default=encode).encode()
            chunked = head.get("Transfer-Encoding") == "chunked"
            wire.request(method, path, iter([text]) if chunked else text, head, encode_chunked=chunked)
            answer = wire.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()
        finally:
            wire.close()

    def open(self):
        if not self.session:
            self.session = self.login()
            self.context = self.call("model.res.user.get_preferences", True)

    @property
    def company(self):
        self.open()
        return self.context["company"]

    def call(self, method, *params):
        """What the method answers, in a session opened at the first call, or RPCError."""
        self.open()
        body = {"id": 1, "method": method, "params": [*params, self.context]}
        status, _, text = self.send(f"/{self.database}/", body, self.session)
        if status != 200:
            raise RPCError(f"HTTP {status}")
        answer = json.loads(text, object_hook=decode)
        if "error" in answer:
            error = answer["error"]
            words = error[1][0] if error[0] in ("UserError", "UserWarning") else error[0]
            raise RPCError(f"{error[0]}: {words}" if words != error[0] else words)
        return answer["result"]

    def rows(self, model, domain, fields, order=None, offset=0, limit=None):
        return self.call(f"model.{model}.search_read", domain, offset, limit, order or [["id", "ASC"]], fields)

    def one(self, model, domain):
        """The id of the only row that fits."""
        found = self.rows(model, domain, ["id"], limit=2)
        if len(found) != 1:
            raise RPCError(f"{len(found)} rows of {model} fit {domain}")
        return found[0]["id"]

    def ensure(self, model, domain, values):
        """The id of the row that fits, made from values when there is none."""
        found = self.rows(model, domain, ["id"], limit=1)
        return found[0]["id"] if found else self.call(f"model.{model}.create", [values])[0]
