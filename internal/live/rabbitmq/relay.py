#!/usr/bin/env python3
"""Drives the live RabbitMQ: sends gift card events through it, takes them out the way a consumer does, and breaks things.

  publish --kind load --event EV --order 1001 --card tok_1 --amount 50.00 [--at RFC3339] [--key giftcard.load] [--expires MS]
  take QUEUE [--count N]     acknowledges and prints: what a consumer that works does
  reject QUEUE [--count N]   refuses without requeue: the dead letter exchange gets them
  give-back QUEUE            takes and requeues: changes the redelivered flag
  list | bindings
  unbind KIND | bind KIND    giftcard.KIND to erp.giftcard: without it events of the kind vanish silently
  purge QUEUE

Answers are JSON on stdout; what the broker refused goes to stderr with exit status 1. Settings stand in the environment, see api.py.
"""
import argparse
import json
import sys
from datetime import datetime, timezone

sys.dont_write_bytecode = True
from api import EXCHANGE, KINDS, Broker, Refused, name, queue  # noqa: E402

MODES = {"take": "ack_requeue_false", "reject": "reject_requeue_false", "give-back": "ack_requeue_true"}


def message(kind, event, order, card, amount, at, key=None, expires=None):
    """The body of a publish call: an event with the properties an integration layer sets."""
    payload = {"id": event, "kind": kind, "order": order, "card": card, "amount": amount, "currency": "USD", "at": at.isoformat()}
    properties = {"message_id": event, "type": f"giftcard.{kind}", "timestamp": int(at.timestamp()), "delivery_mode": 2,
                  "content_type": "application/json", "app_id": "shop-webhook", "headers": {"x-attempt": 1, "x-source": "shop"}}
    if expires:
        properties["expiration"] = str(expires)
    return {"properties": properties, "routing_key": key or f"giftcard.{kind}", "payload": json.dumps(payload), "payload_encoding": "string"}


def get(count, mode):
    return {"count": count, "ackmode": mode, "encoding": "auto"}


def binding(broker, kind, method):
    target = f"/bindings/{name('/')}/e/{EXCHANGE}/q/erp.giftcard"
    if method == "POST":
        return broker.call("POST", target, {"routing_key": f"giftcard.{kind}"})
    return broker.call("DELETE", f"{target}/giftcard.{kind}")


def do(broker, a):
    if a.verb == "publish":
        at = datetime.fromisoformat(a.at.replace("Z", "+00:00")) if a.at else datetime.now(timezone.utc)
        return broker.call("POST", f"/exchanges/{name('/')}/{EXCHANGE}/publish",
                           message(a.kind, a.event, a.order, a.card, a.amount, at, a.key, a.expires))
    if a.verb in MODES:
        return broker.call("POST", queue(a.queue, "/get"), get(a.count, MODES[a.verb]))
    if a.verb == "list":
        return broker.call("GET", "/queues?columns=name,messages,messages_ready,messages_unacknowledged,consumers,state")
    if a.verb == "bindings":
        return broker.call("GET", f"/exchanges/{name('/')}/{EXCHANGE}/bindings/source")
    if a.verb == "purge":
        return broker.call("DELETE", queue(a.queue, "/contents"))
    return binding(broker, a.kind, "POST" if a.verb == "bind" else "DELETE")


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = p.add_subparsers(dest="verb", required=True)
    v = verbs.add_parser("publish")
    for word in ("kind", "event", "order", "card", "amount"):
        v.add_argument("--" + word, required=True)
    v.add_argument("--at")
    v.add_argument("--key")
    v.add_argument("--expires", type=int)
    for verb in (*MODES, "purge"):
        v = verbs.add_parser(verb)
        v.add_argument("queue")
        v.add_argument("--count", type=int, default=1)
    verbs.add_parser("list")
    verbs.add_parser("bindings")
    for verb in ("bind", "unbind"):
        verbs.add_parser(verb).add_argument("kind", choices=KINDS)
    return p.parse_args()


def main():
    try:
        print(json.dumps(do(Broker(), arguments())))
    except Refused as refused:
        print(json.dumps({"refused": str(refused)}), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
