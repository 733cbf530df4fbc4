#!/usr/bin/env python3
"""Drives the live Tryton: posts gift card events the way an integration layer does, lists them, and breaks things.

  post --kind load --event EV --order 1001 --card tok_1 --amount 50.00 [--date 2026-11-20] [--via statement|move]
       [--account 2400] [--journal GC] [--draft]
  list [--since DATE] [--until DATE] [--account 2400]
  rule show | on | off | none | outranked | wrong --account CODE
  ids [--date DATE]          the numbers a plain HTTP caller needs
  account close|open --account CODE      period close|open --date DATE      rights off|on

"statement" lets the matching rules choose the account, "move" names it. Answers are JSON on stdout; what Tryton refused
goes to stderr with exit status 1. Settings stand in the environment, see rpc.py.
"""
import argparse
import json
import sys
from datetime import date
from decimal import Decimal

sys.dont_write_bytecode = True
import books  # noqa: E402
from rpc import RPCError, Server  # noqa: E402

SIGN = {"load": 1, "refund": 1, "redemption": -1}
AGAINST = {"load": "1090", "refund": "4000", "redemption": "4000"}


def text(a):
    return f"gc:{a.kind} event:{a.event} order:{a.order} card:{a.card}"


def account(server, code):
    return server.one("account.account", [["code", "=", code]])


def period(server, day):
    return server.one("account.period", [["start_date", "<=", day], ["end_date", ">=", day], ["type", "=", "standard"]])


def post_move(server, a):
    amount = SIGN[a.kind] * a.amount
    sides = [(a.account, max(-amount, Decimal(0)), max(amount, Decimal(0))),
             (AGAINST[a.kind], max(amount, Decimal(0)), max(-amount, Decimal(0)))]
    lines = [{"account": account(server, code), "debit": debit, "credit": credit, "description": text(a)}
             for code, debit, credit in sides]
    move = server.call("model.account.move.create", [{
        "company": server.company, "journal": server.one("account.journal", [["code", "=", a.journal]]),
        "period": period(server, a.date), "date": a.date, "description": a.event, "lines": [["create", lines]]}])
    if not a.draft:
        server.call("model.account.move.post", move)
    return {"move": move[0], "state": "draft" if a.draft else "posted"}


def post_statement(server, a):
    origin = {"number": a.event, "date": a.date, "amount": SIGN[a.kind] * a.amount, "description": text(a), "information": {
        "gc_event": a.event, "gc_kind": a.kind, "gc_order": a.order, "gc_card": a.card}}
    ids = server.call("model.account.statement.create", [{
        "name": a.event, "date": a.date, "number_of_lines": 1, "company": server.company,
        "journal": server.one("account.statement.journal", [["name", "=", "Gift card feed"]]), "origins": [["create", [origin]]]}])
    steps = ["apply_rules"] if a.draft else ["apply_rules", "validate_statement", "post"]
    for step in steps:
        try:
            server.call(f"model.account.statement.{step}", ids)
        except RPCError as refused:
            raise RPCError(f"statement {ids[0]}, {step}: {refused}") from None
    found = server.rows("account.statement.line", [["statement", "in", ids]], ["account.code", "move"])
    state = server.rows("account.statement", [["id", "in", ids]], ["state"])[0]["state"]
    return {"statement": ids[0], "state": state, "lines": [{"account": r["account."]["code"], "move": r["move"]} for r in found]}


def listing(server, a):
    domain = [["account.code", "=", a.account], ["date", ">=", a.since], ["date", "<=", a.until]]
    found = server.rows("account.move.line", domain, ["date", "debit", "credit", "description", "move.description", "move.number",
                                                      "move.state", "move.origin", "move.journal.code", "account.code"])
    return [{"line": r["id"], "date": r["date"], "amount": r["credit"] - r["debit"], "account": r["account."]["code"],
             "event": r["move."]["description"], "text": r["description"], "move": r["move."]["number"],
             "state": r["move."]["state"], "journal": r["move."]["journal."]["code"], "origin": r["move."]["origin"]} for r in found]


def numbers(server, a):
    found = {kind: {r["code"]: r["id"] for r in server.rows(f"account.{kind}", [], ["code"])} for kind in ("account", "journal")}
    feed = server.one("account.statement.journal", [["name", "=", "Gift card feed"]])
    return {"company": server.company, "feed": feed, "period": period(server, a.date), **found}


def rule(server, a):
    model = "account.statement.rule"
    ids = {r["name"]: r for r in server.rows(model, [], ["name", "lines"])}
    gift, rest = ids.get(books.RULE), ids.get(books.CATCH_ALL)
    if a.what == "on":
        books.set_rules(server)
    elif a.what == "off" and gift:
        server.call(f"model.{model}.delete", [gift["id"]])
    elif a.what == "none":
        server.call(f"model.{model}.delete", [r["id"] for r in ids.values()])
    elif a.what == "outranked" and rest:
        server.call(f"model.{model}.write", [rest["id"]], {"sequence": 1})
    elif a.what == "wrong" and gift:
        server.call(f"model.{model}.line.write", gift["lines"], {"account": account(server, a.account)})
    return [{"rule": r["rule."]["name"], "sequence": r["rule."]["sequence"], "matches": r["rule."]["description"],
             "account": r["account."]["code"]} for r in server.rows(
        f"{model}.line", [], ["rule.name", "rule.sequence", "rule.description", "account.code"], [["rule.sequence", "ASC"]])]


def account_switch(server, a):
    server.call("model.account.account.write", [account(server, a.account)], {"closed": a.what == "close"})
    return {"account": a.account, "closed": a.what == "close"}


def period_switch(server, a):
    which = period(server, a.date)
    server.call("model.account.period." + ("close" if a.what == "close" else "reopen"), [which])
    if a.what == "open":  # closing a period closes its journals' periods too, reopening it leaves them closed
        model = "account.journal.period"
        shut = server.rows(model, [["period", "=", which], ["state", "=", "close"]], ["id"])
        server.call(f"model.{model}.reopen", [r["id"] for r in shut])
    return {"period": which, "state": a.what}


def rights(server, a):
    user = server.one("res.user", [["login", "=", "integration"]])
    groups = [server.one("res.group", [["name", "=", name]]) for name in ("Account", "Statement")]
    server.call("model.res.user.write", [user], {"groups": [["remove" if a.what == "off" else "add", groups]]})
    return {"integration": a.what}


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = p.add_subparsers(dest="verb", required=True)
    v = verbs.add_parser("post")
    v.add_argument("--kind", choices=SIGN, required=True)
    for name in ("event", "order", "card"):
        v.add_argument("--" + name, required=True)
    v.add_argument("--amount", type=Decimal, required=True)
    v.add_argument("--date", type=date.fromisoformat, default=date.today())
    v.add_argument("--via", choices=["statement", "move"], default="statement")
    v.add_argument("--account", default="2400")
    v.add_argument("--journal", default="GC")
    v.add_argument("--draft", action="store_true")
    v = verbs.add_parser("list")
    v.add_argument("--since", type=date.fromisoformat, default=date(date.today().year, 1, 1))
    v.add_argument("--until", type=date.fromisoformat, default=date.today())
    v.add_argument("--account", default="2400")
    verbs.add_parser("ids").add_argument("--date", type=date.fromisoformat, default=date.today())
    for verb, words in (("rule", ["show", "on", "off", "none", "outranked", "wrong"]), ("account", ["close", "open"]),
                        ("period", ["close", "open"]), ("rights", ["off", "on"])):
        v = verbs.add_parser(verb)
        v.add_argument("what", choices=words)
        if verb in ("rule", "account"):
            v.add_argument("--account", default="2400" if verb == "account" else "4900")
        if verb == "period":
            v.add_argument("--date", type=date.fromisoformat, default=date.today())
    return p.parse_args()


def main():
    a = arguments()
    posting = a.verb in ("post", "list", "ids")
    with Server(None if posting else "admin") as server:
        do = {"list": listing, "ids": numbers, "rule": rule, "account": account_switch, "period": period_switch, "rights": rights}.get(a.verb)
        if a.verb == "post":
            do = post_move if a.via == "move" else post_statement
        try:
            print(json.dumps(do(server, a), default=str))
        except RPCError as refused:
            print(json.dumps({"refused": str(refused)}), file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
