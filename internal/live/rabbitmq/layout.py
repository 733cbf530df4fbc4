"""Lays out the broker as an integration layer has it, by the management API as admin; what is there already stays.

gc.events (topic) feeds erp.giftcard, which the ERP connector reads, and crm.giftcard (quorum); what is rejected, expired,
crowded out or delivered too often goes through gc.dlx to erp.giftcard.dead; erp.giftcard.retry gives back after a second.
Some other queues make several pages.
"""
import sys
import time

sys.dont_write_bytecode = True
from api import DEAD, EXCHANGE, KINDS, Broker, Refused, name, queue  # noqa: E402

TO_DEAD = {"x-dead-letter-exchange": DEAD}
QUEUES = {
    "erp.giftcard": TO_DEAD,
    "erp.giftcard.retry": {"x-message-ttl": 1000, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "erp.giftcard"},
    "erp.giftcard.dead": {},
    "crm.giftcard": {**TO_DEAD, "x-queue-type": "quorum", "x-delivery-limit": 2},
    "audit.giftcard": {**TO_DEAD, "x-max-length": 3},
}
BINDINGS = [(EXCHANGE, f"giftcard.{kind}", "erp.giftcard") for kind in KINDS] + [
    (EXCHANGE, "giftcard.load", "crm.giftcard"), (EXCHANGE, "audit.#", "audit.giftcard"), (DEAD, "#", "erp.giftcard.dead")]
RIGHTS = {  # user: tag, vhost, what it may configure and write, what it may read
    "integration": ("management", "/", ".*", ".*"),
    "probe": ("monitoring", "/", "", ".*"),
    "watcher": ("monitoring", "/", "", ""),
    "stranger": ("monitoring", None, "", ""),
    "reader": ("management", "other", "", ".*"),
    "nobody": ("", "/", "", ".*"),
}


def wait(broker):
    refused = 0  # a broker that is starting refuses its own users for a moment
    for _ in range(240):
        try:
            status = broker.send("GET", "/api/overview", headers=broker.basic())[0]
            if status == 200:
                return
            refused += status == 401
        except OSError:
            pass
        if refused > 40:
            sys.exit(f"another RabbitMQ answers on port {broker.port}: choose RABBITMQ_HTTP and RABBITMQ_PORT")
        time.sleep(0.5)
    sys.exit("RabbitMQ does not answer; see log/start in LIVE_DIR")


def lay_out(broker):
    broker.call("PUT", "/vhosts/other")
    for user, (tag, vhost, write, read) in RIGHTS.items():
        broker.call("PUT", f"/users/{user}", {"password": Broker(user).password(), "tags": tag})
        if vhost:
            broker.call("PUT", f"/permissions/{name(vhost)}/{user}", {"configure": write, "write": write, "read": read})
    for exchange in (EXCHANGE, DEAD):
        broker.call("PUT", f"/exchanges/{name('/')}/{exchange}", {"type": "topic", "durable": True})
    for text, arguments in {**QUEUES, **{f"shop.other.{i:02}": {} for i in range(1, 8)}}.items():
        broker.call("PUT", queue(text), {"durable": True, "arguments": arguments})
    for source, key, target in BINDINGS:
        broker.call("POST", f"/bindings/{name('/')}/e/{source}/q/{target}", {"routing_key": key})


if __name__ == "__main__":
    admin = Broker("admin")
    wait(admin)
    try:
        lay_out(admin)
    except Refused as refused:
        sys.exit(f"laying out the broker: {refused}")
