#!/usr/bin/env python3
"""Records what a real RabbitMQ's management API answers to a probe, one file per call in answers/.

Run it against a broker that up.sh has just made, in a LIVE_DIR of its own: it sends sample events and breaks things.
It needs Debian's python3-pika, for a real consumer. Passwords are replaced by fixed words before anything is written.
"""
import base64
import json
import os
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

sys.dont_write_bytecode = True
from api import DEAD, EXCHANGE, Broker, name, queue  # noqa: E402
from relay import MODES, get, message  # noqa: E402

OUT = Path(__file__).parent / "answers"
WORDS = {}  # secret text: the word that stands for it
NOW = datetime.now(timezone.utc).replace(microsecond=0)
CONSUMER = """
import os, sys, pika
from pathlib import Path
to = pika.ConnectionParameters("127.0.0.1", int(os.environ["RABBITMQ_PORT"]), credentials=pika.PlainCredentials(
    "integration", Path(os.environ["LIVE_DIR"], "secrets", "integration").read_text().strip()),
    client_properties={"connection_name": "erp-connector"})
channel = pika.BlockingConnection(to).channel()
channel.basic_qos(prefetch_count=1)
channel.basic_consume("erp.giftcard", lambda *_: None, consumer_tag="erp-connector")
print("ready", flush=True)
channel.start_consuming()
"""


def plain(value):
    written = json.dumps(value)
    for secret, word in WORDS.items():
        written = written.replace(secret, word)
    return json.loads(written)


def record(name, broker, method, path, body=None, headers=None):
    """Makes one call, writes it down and gives the answer's body."""
    headers = broker.basic() if headers is None else headers
    if body is not None:
        headers = {"Content-Type": "application/json", **headers}
    status, got, text = broker.send(method, "/api" + path, body, headers)
    try:
        answer = json.loads(text) if text else None
    except ValueError:
        answer = text
    shown = plain({"request": {"method": method, "path": "/api" + path, "headers": headers, "body": body},
                   "response": {"status": status, "headers": got, "body": answer}})
    (OUT / f"{name}.json").write_text(json.dumps(shown, indent=1, ensure_ascii=False) + "\n")
    print(status, name)
    return answer


def events():
    """Sample events, numbered."""
    for number in range(1, 100):
        kind = ("load", "load", "redemption", "refund")[number % 4]
        yield message(kind, f"gcev_20261118_{number:05}", f"{1000 + number}", f"tok_{number:04}", f"{5 * number}.00", NOW)


def sample(broker):
    """Events in every queue, dead ones of every reason."""
    event = events()
    exchange = f"/exchanges/{name('/')}/{EXCHANGE}/publish"
    for _ in range(3):
        broker.call("POST", exchange, next(event))
    broker.call("POST", queue("erp.giftcard", "/get"), get(1, MODES["reject"]))  # dead: rejected
    record("publish", broker, "POST", exchange, next(event))
    record("publish_unrouted", broker, "POST", exchange, {**next(event), "routing_key": "giftcard.expiry"})
    short = next(event)
    short["properties"]["expiration"] = "1"
    broker.call("POST", exchange, short)  # expires at the head of the queue only
    for _ in range(5):
        broker.call("POST", exchange, {**next(event), "routing_key": "audit.giftcard"})  # dead: maxlen
    again = next(event)
    broker.call("POST", f"/exchanges/{name('/')}/amq.default/publish", {**again, "routing_key": "erp.giftcard.retry"})
    binary = {"properties": {"message_id": "gcev_20261118_bytes", "type": "giftcard.load", "headers": {}}, "routing_key": "giftcard.refund",
              "payload": base64.b64encode(b"\xff\xfe\x00card").decode(), "payload_encoding": "base64"}
    broker.call("POST", exchange, binary)
    time.sleep(2)
    broker.call("POST", queue("erp.giftcard", "/get"), get(9, MODES["give-back"]))
    for one in broker.call("POST", queue("erp.giftcard", "/get"), get(20, MODES["take"])):  # a consumer sends them round again, then gives up
        again = {**one, "routing_key": "erp.giftcard"}
        broker.call("POST", f"/exchanges/{name('/')}/amq.default/publish", again)
    broker.call("POST", queue("erp.giftcard", "/get"), get(20, MODES["reject"]))
    for _ in range(2):
        broker.call("POST", exchange, next(event))


def reads(probe):
    record("overview", probe, "GET", "/overview")
    record("whoami", probe, "GET", "/whoami")
    record("vhosts", probe, "GET", "/vhosts?columns=name,messages")
    record("queues_bare", probe, "GET", "/queues?columns=name,vhost")
    columns = "columns=name,vhost,type,state,durable,arguments,policy,consumers,messages,messages_ready,messages_unacknowledged,message_stats"
    record("queues_page1", probe, "GET", f"/queues?page=1&page_size=5&{columns}")
    record("queues_page3", probe, "GET", f"/queues?page=3&page_size=5&{columns}")
    record("queues_page_after_last", probe, "GET", "/queues?page=4&page_size=5")
    record("queues_page_size_too_large", probe, "GET", "/queues?page=1&page_size=501")
    record("queues_page_filtered", probe, "GET", "/queues/%2F?page=1&page_size=100&name=giftcard&use_regex=false&sort=name&columns=name,messages")
    record("queues_page_none", probe, "GET", "/queues/%2F?page=1&page_size=100&name=nothing-such")
    record("queues_page_filtered_regex", probe, "GET", "/queues/%2F?page=1&page_size=100&name=^erp%5C.giftcard&use_regex=true&columns=name")
    for text in ("erp.giftcard", "erp.giftcard.dead", "crm.giftcard", "erp.giftcard.retry", "shop.other.01"):
        record("queue_" + text.replace(".", "_"), probe, "GET", queue(text))
    record("queue_bindings", probe, "GET", queue("erp.giftcard", "/bindings"))
    record("bindings", probe, "GET", "/bindings/%2F")
    record("exchanges", probe, "GET", "/exchanges/%2F?columns=name,type,durable,internal,arguments,message_stats,policy")
    record("exchange", probe, "GET", f"/exchanges/%2F/{EXCHANGE}")
    record("exchange_bindings_source", probe, "GET", f"/exchanges/%2F/{EXCHANGE}/bindings/source")
    record("exchange_dlx_bindings_source", probe, "GET", f"/exchanges/%2F/{DEAD}/bindings/source")
    record("policies", probe, "GET", "/policies")
    record("consumers", probe, "GET", "/consumers/%2F")
    record("connections", probe, "GET", "/connections?columns=name,user,vhost,state,user_provided_name,client_properties.connection_name,connected_at")
    record("definitions_forbidden", probe, "GET", "/definitions")
    record("users_forbidden", probe, "GET", "/users")


def bodies(integration, probe):
    """The opt-in read that changes something."""
    peek = {"count": 10, "ackmode": "ack_requeue_true", "encoding": "auto", "truncate": 50000}
    record("get_dead", probe, "POST", queue("erp.giftcard.dead", "/get"), peek)
    record("get_dead_again", probe, "POST", queue("erp.giftcard.dead", "/get"), {**peek, "count": 1})
    record("get_truncated", probe, "POST", queue("erp.giftcard.dead", "/get"), {**peek, "count": 1, "truncate": 20})
    record("get_live", probe, "POST", queue("erp.giftcard", "/get"), {**peek, "count": 1})
    record("get_empty", probe, "POST", queue("shop.other.01", "/get"), peek)
    record("get_without_body", probe, "POST", queue("erp.giftcard.dead", "/get"))
    record("get_without_ackmode", probe, "POST", queue("erp.giftcard.dead", "/get"), {"count": 1, "encoding": "auto"})
    record("get_unknown_ackmode", probe, "POST", queue("erp.giftcard.dead", "/get"), {**peek, "ackmode": "peek"})
    record("publish_forbidden", probe, "POST", f"/exchanges/%2F/{EXCHANGE}/publish", next(events()))
    for turn in range(1, 5):  # looking at a quorum queue uses the message up
        record(f"get_quorum_{turn}", integration, "POST", queue("crm.giftcard", "/get"), {**peek, "count": 1})


def refusals(probe):
    record("no_login", probe, "GET", "/overview", headers={})
    record("wrong_password", probe, "GET", "/overview", headers=probe.basic("not-the-password"))
    nobody, reader = Broker("nobody"), Broker("reader")
    record("no_tag", nobody, "GET", "/overview")
    watcher = Broker("watcher")
    record("watcher_queues", watcher, "GET", "/queues?page=1&page_size=2&columns=name,vhost,messages")
    record("watcher_queue", watcher, "GET", queue("erp.giftcard", "?columns=name,messages,consumers,arguments"))
    record("watcher_bindings", watcher, "GET", f"/exchanges/%2F/{EXCHANGE}/bindings/source")
    record("watcher_get", watcher, "POST", queue("erp.giftcard.dead", "/get"), get(1, MODES["give-back"]))
    record("watcher_purge", watcher, "DELETE", queue("erp.giftcard.dead", "/contents"))
    record("stranger_queues", Broker("stranger"), "GET", "/queues?page=1&page_size=2&columns=name,vhost,messages")
    record("stranger_queue", Broker("stranger"), "GET", queue("erp.giftcard"))
    record("reader_overview", reader, "GET", "/overview")
    record("reader_queues", reader, "GET", "/queues?columns=name,vhost")
    record("reader_queues_vhost", reader, "GET", "/queues/%2F")
    record("reader_queue", reader, "GET", queue("erp.giftcard"))
    record("reader_bindings", reader, "GET", "/bindings/%2F")
    record("reader_get", reader, "POST", queue("erp.giftcard", "/get"), get(1, MODES["give-back"]))
    record("probe_create_queue", probe, "PUT", queue("new"), {"durable": True})
    record("probe_purge", probe, "DELETE", queue("erp.giftcard.dead", "/contents"))
    record("unknown_queue", probe, "GET", queue("no.such"))
    record("unknown_vhost", probe, "GET", "/queues/nowhere/erp.giftcard")
    record("unknown_vhost_list", probe, "GET", "/queues/nowhere")
    record("unescaped_vhost", probe, "GET", "/queues///erp.giftcard")
    record("unknown_path", probe, "GET", "/nothing")
    record("wrong_method", probe, "DELETE", "/overview")


def breaking(broker, probe):
    """The forward faults: no binding, no consumer, a dead letter exchange that does not exist."""
    broker.call("DELETE", f"/bindings/%2F/e/{EXCHANGE}/q/erp.giftcard/giftcard.redemption")
    one = message("redemption", "gcev_20261118_09001", "1900", "tok_9001", "9.00", NOW)
    record("publish_unbound", broker, "POST", f"/exchanges/%2F/{EXCHANGE}/publish", one)
    record("queue_bindings_unbound", probe, "GET", queue("erp.giftcard", "/bindings"))
    broker.call("PUT", queue("erp.lost"), {"durable": True, "arguments": {"x-dead-letter-exchange": "no.such.exchange"}})
    broker.call("POST", "/exchanges/%2F/amq.default/publish", {**one, "routing_key": "erp.lost"})
    broker.call("POST", queue("erp.lost", "/get"), get(1, MODES["reject"]))
    time.sleep(6)
    record("queue_lost_dead_letter", probe, "GET", queue("erp.lost", "?columns=name,arguments,messages,message_stats"))
    record("exchange_after_unrouted", probe, "GET", f"/exchanges/%2F/{EXCHANGE}?columns=name,message_stats")


def main():
    OUT.mkdir(exist_ok=True)
    broker, probe = Broker("integration"), Broker("probe")
    for user in ("admin", "integration", "probe", "watcher", "stranger", "reader", "nobody"):
        one = Broker(user)
        WORDS[one.password()] = f"password-of-{user}"
        WORDS[base64.b64encode(f"{user}:{one.password()}".encode()).decode()] = base64.b64encode(f"{user}:password-of-{user}".encode()).decode()
    record("queue_no_traffic_yet", probe, "GET", queue("erp.giftcard"))
    sample(broker)
    time.sleep(6)  # the statistics lag
    consumer = subprocess.Popen(["/usr/bin/python3", "-c", CONSUMER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=os.environ, text=True)
    try:
        consumer.stdout.readline()
        record("queue_consumer_just_attached", probe, "GET", queue("erp.giftcard"))
        time.sleep(15)
        reads(probe)
    finally:
        consumer.terminate()
        consumer.wait()
    time.sleep(1)
    bodies(broker, probe)
    refusals(probe)
    breaking(broker, probe)


if __name__ == "__main__":
    main()
