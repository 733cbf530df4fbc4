#!/usr/bin/env python3
"""Records what a real Tryton answers to the calls of a probe and of an integration layer, one file per call in answers/.

Run it as root against books that up.sh has just made, in a LIVE_DIR of their own: it posts sample events and breaks things.
Passwords, sessions and keys are replaced by the fixed words below before anything is written.
"""
import base64
import json
import os
import subprocess
import sys
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlencode

sys.dont_write_bytecode = True
from rpc import Server, encode  # noqa: E402

OUT = Path(__file__).parent / "answers"
TODAY = date.today()
WORDS = {}  # secret text: the word that stands for it
HEADERS = {}  # secret header value: the one that stands for it


def cover(header):
    """Remembers how the header of a login is to be shown."""
    kind, token = header["Authorization"].split()
    shown = base64.b64decode(token).decode()
    for secret, word in WORDS.items():
        shown = shown.replace(secret, word)
    HEADERS[header["Authorization"]] = f"{kind} " + base64.b64encode(shown.encode()).decode()
    return header


def plain(value):
    """The value as it may be shown."""
    written = json.dumps(value, default=encode)
    for secret, word in {**HEADERS, **WORDS}.items():
        written = written.replace(secret, word)
    return json.loads(written)


def record(name, server, body, headers=None, path=None, method="POST", hide=None):
    """Makes one call, writes it down and gives the answer's body; hide finds the secret that the answer gives out."""
    path = path or f"/{server.database}/"
    status, got, text = server.send(path, body, headers, method)
    try:
        answer = json.loads(text) if text else None
    except ValueError:
        answer = text
    if hide:
        WORDS[hide(answer)] = "session-key"
    if name:
        shown = plain({"request": {"method": method, "path": path, "headers": {"Content-Type": "application/json", **(headers or {})},
                                   "body": body},
                       "response": {"status": status, "headers": got, "body": answer}})
        (OUT / f"{name}.json").write_text(json.dumps(shown, indent=1, ensure_ascii=False) + "\n")
        print(status, name)
    return answer


def rpc(method, *params):
    return {"id": 1, "method": method, "params": list(params)}


def read(model, domain, fields, offset=0, limit=100, order=None, context=None):
    order = [["id", "ASC"]] if order is None else order or None  # false: the order Tryton itself uses
    return rpc(f"model.{model}.search_read", domain, offset, limit, order, fields, context or {})


def login(server):
    """The header of a new session, whose key is covered from now on."""
    body = rpc("common.db.login", server.user, {"password": server.password()}, "en")
    user, key = record(None, server, body, hide=lambda a: a["result"][1])["result"]
    return cover({"Authorization": "Session " + base64.b64encode(f"{server.user}:{user}:{key}".encode()).decode()})


def basic(server, password=None):
    token = base64.b64encode(f"{server.user}:{password or server.password()}".encode()).decode()
    return cover({"Authorization": "Basic " + token})


def sql(statement):
    subprocess.run(["runuser", "-u", "tryton", "--", "psql", "-h", os.environ["LIVE_DIR"] + "/run", "-qd",
                    os.environ.get("TRYTON_DATABASE", "gcdiag"), "-c", statement], check=True, cwd="/")


def ours(server, key, *call):
    """One call of the sample's own, not recorded."""
    answer = record(None, server, rpc(*call), key)
    if "error" in answer:
        raise SystemExit(f"{call[0]}: {answer['error']}")
    return answer["result"]


def door(probe):
    """Getting in, and the ways of not getting in."""
    record("version", probe, rpc("common.server.version"), path="/")
    record("databases", probe, rpc("common.db.list"), path="/")
    record("login", probe, rpc("common.db.login", "probe", {"password": probe.password()}, "en"), hide=lambda a: a["result"][1])
    key = login(probe)
    record("preferences", probe, rpc("model.res.user.get_preferences", True, {}), key)
    record("logout", probe, rpc("common.db.logout"), key)
    lines = read("account.move.line", [], ["id"], limit=1)
    record("session_logged_out", probe, lines, key)
    record("no_authorization", probe, lines)
    record("no_authorization_xhr", probe, lines, {"X-Requested-With": "XMLHttpRequest"})
    record("basic", probe, lines, basic(probe))
    record("basic_wrong_password", probe, lines, basic(probe, "not-the-password"))
    record("login_wrong_password", probe, rpc("common.db.login", "probe", {"password": "not-the-password"}, "en"))
    record("login_without_password", probe, rpc("common.db.login", "probe", {}, "en"))
    record("login_unknown_database", probe, rpc("common.db.login", "probe", {"password": "not-the-password"}, "en"), path="/nowhere/")
    old = login(probe)
    sql("update ir_session set create_date = create_date - interval '31 days', write_date = null "
        "where create_uid = (select id from res_user where login='probe')")
    record("session_expired", probe, lines, old)


def throttle(server):
    """Six wrong passwords lock a login for five minutes, the right password too."""
    server.user = "norights"
    for _ in range(6):
        record(None, server, rpc("common.db.login", "norights", {"password": "not-the-password"}, "en"))
    record("login_throttled", server, rpc("common.db.login", "norights", {"password": server.password()}, "en"))
    record("basic_throttled", server, read("account.move.line", [], ["id"], limit=1), basic(server))
    sql("delete from res_user_login_attempt")


def ids(server, key):
    found = {}
    for model in ("account.account", "account.journal"):
        for row in ours(server, key, f"model.{model}.search_read", [], 0, None, None, ["code"], {}):
            found[row["code"]] = row["id"]
    for name, model, domain in (("feed", "account.statement.journal", []),
                                ("period", "account.period", [["start_date", "<=", TODAY], ["end_date", ">=", TODAY]])):
        found[name] = ours(server, key, f"model.{model}.search_read", domain, 0, 1, None, ["id"], {})[0]["id"]
    return found


def move(at, event, kind, amount, code="2400", journal="GC", lines=None):
    text = f"gc:{kind} event:{event} order:1003 card:tok_11bc"
    return {"company": at["company"], "journal": at[journal], "period": at["period"], "date": TODAY, "description": event,
            "lines": [["create", lines or [
                {"account": at[code], "debit": Decimal(0), "credit": amount, "description": text},
                {"account": at["1090"], "debit": amount, "credit": Decimal(0), "description": text}]]]}


def plain_text(value):
    """The same with dates and amounts as plain text."""
    return json.loads(json.dumps(value, default=str))


def statement(at, event, kind, amount, order="1001", card="tok_7f3a"):
    return {"name": event, "journal": at["feed"], "company": at["company"], "date": TODAY, "number_of_lines": 1, "origins": [["create", [{
        "number": event, "date": TODAY, "amount": amount, "description": f"gc:{kind} event:{event} order:{order} card:{card}",
        "information": {"gc_event": event, "gc_kind": kind, "gc_order": order, "gc_card": card}}]]]}


def posting(server):
    """What an integration layer sends, and what is refused."""
    key = login(server)
    at = ids(server, key)
    context = ours(server, key, "model.res.user.get_preferences", True, {})
    at["company"] = context["company"]
    made = record("statement_create", server, rpc("model.account.statement.create",
                  [statement(at, "evt_0001", "load", Decimal("50.00"))], context), key)["result"]
    for step in ("apply_rules", "validate_statement", "post"):
        record(f"statement_{step}", server, rpc(f"model.account.statement.{step}", made, context), key)
    record("statement_post_twice", server, rpc("model.account.statement.post", made, context), key)
    for event, kind, amount in (("evt_0002", "redemption", Decimal("-20.00")), ("evt_0003", "refund", Decimal("5.00"))):
        made = ours(server, key, "model.account.statement.create", [statement(at, event, kind, amount, "1002")], context)
        for step in ("apply_rules", "validate_statement", "post"):
            ours(server, key, f"model.account.statement.{step}", made, context)
    made = record("move_create", server, rpc("model.account.move.create",
                  [move(at, "evt_0004", "load", Decimal("25.00"))], context), key)["result"]
    record("move_post", server, rpc("model.account.move.post", made, context), key)
    record("move_post_twice", server, rpc("model.account.move.post", made, context), key)
    record("move_edit_posted", server, rpc("model.account.move.write", made, {"description": "other"}, context), key)
    wrong = ours(server, key, "model.account.move.create", [move(at, "evt_0005", "load", Decimal("30"), "2190", "REV")], context)
    ours(server, key, "model.account.move.post", wrong, context)
    draft = ours(server, key, "model.account.move.create", [move(at, "evt_0006", "load", Decimal("7.5"))], context)
    twice = ours(server, key, "model.account.move.create", [move(at, "evt_0004", "load", Decimal("25.00"))], context)
    ours(server, key, "model.account.move.post", twice, context)  # nothing keeps an event from being posted twice
    half = [{"account": at["2400"], "debit": Decimal(0), "credit": Decimal("9.00"), "description": "gc:load event:evt_0007"}]
    half = record("move_create_unbalanced", server, rpc("model.account.move.create",
                  [move(at, "evt_0007", "load", None, lines=half)], context), key)["result"]
    record("move_post_unbalanced", server, rpc("model.account.move.post", half, context), key)
    record("move_create_number_amount", server, rpc("model.account.move.create",
           [move(at, "evt_0008", "load", 25.1)], context), key)
    record("move_create_text_amount", server, rpc("model.account.move.create",
           [move(at, "evt_0008", "load", "25.10")], context), key)
    record("move_create_plain_text", server, rpc("model.account.move.create", [plain_text(move(at, "evt_0009", "load", Decimal("9.90")))],
           context), key)
    record("move_create_three_decimals", server, rpc("model.account.move.create",
           [move(at, "evt_0008", "load", Decimal("25.105"))], context), key)
    record("move_create_without_company", server, rpc("model.account.move.create",
           [{k: v for k, v in move(at, "evt_0008", "load", Decimal("25.10")).items() if k != "company"}], {}), key)
    return at, draft


def breaking(server, admin, at):
    """The classify and arrive faults, each undone afterwards."""
    key, boss = login(server), login(admin)
    context = ours(server, key, "model.res.user.get_preferences", True, {})
    rules = {r["name"]: r for r in ours(admin, boss, "model.account.statement.rule.search_read", [], 0, None, None, ["name", "lines"], {})}
    gift, rest = rules["Gift card lines"], rules["Everything else"]

    def put(event):
        made = ours(server, key, "model.account.statement.create", [statement(at, event, "load", Decimal("10.00"), "1006", "tok_44bc")], context)
        for step in ("apply_rules", "validate_statement"):
            ours(server, key, f"model.account.statement.{step}", made, context)
        return made

    ours(admin, boss, "model.account.statement.rule.write", [rest["id"]], {"sequence": 1}, context)
    ours(server, key, "model.account.statement.post", put("evt_0011"), context)  # the catch-all took it
    ours(admin, boss, "model.account.statement.rule.write", [rest["id"]], {"sequence": 90}, context)
    ours(admin, boss, "model.account.statement.rule.line.write", gift["lines"], {"account": at["2190"]}, context)
    ours(server, key, "model.account.statement.post", put("evt_0012"), context)  # the rule names a wrong account
    ours(admin, boss, "model.account.statement.rule.line.write", gift["lines"], {"account": at["2400"]}, context)
    ours(admin, boss, "model.account.statement.rule.write", [gift["id"], rest["id"]], {"description": "^nothing such$"}, context)
    record("statement_post_pending", server, rpc("model.account.statement.post", put("evt_0013"), context), key)
    ours(admin, boss, "model.account.statement.rule.write", [gift["id"]], {"description": "^gc:"},
         [rest["id"]], {"description": None}, context)

    period = {"state": "close"}
    old = date(TODAY.year - 1, 10, 10)
    at = {**at, "period": ours(admin, boss, "model.account.period.search_read",
                               [["start_date", "<=", old], ["end_date", ">=", old]], 0, 1, None, ["id"], {})[0]["id"]}
    ours(admin, boss, "model.account.period.close", [at["period"]], context)
    late = {**move(at, "evt_0014", "load", Decimal("14.00")), "date": old}
    record("move_create_closed_period", server, rpc("model.account.move.create", [late], context), key)
    outside = {**late, "date": TODAY}
    ours(admin, boss, "model.account.period.reopen", [at["period"]], context)
    record("move_create_date_outside_period", server, rpc("model.account.move.create", [outside], context), key)
    ours(admin, boss, "model.account.account.write", [at["2400"]], {"closed": True}, context)
    at["period"] = ids(server, key)["period"]
    record("move_create_closed_account", server, rpc("model.account.move.create",
           [move(at, "evt_0015", "load", Decimal("14.00"))], context), key)
    ours(admin, boss, "model.account.account.write", [at["2400"]], {"closed": False}, context)

    made = ours(server, key, "model.account.move.create", [move(at, "evt_0016", "load", Decimal("16.00"))], context)
    sql("update ir_session set create_date = create_date - interval '6 minutes', write_date = null "
        "where create_uid = (select id from res_user where login='integration')")
    record("session_idle_read", server, read("account.move", [["id", "=", made[0]]], ["state"]), key)
    record("session_idle_post", server, rpc("model.account.move.post", made, context), key)
    record("session_idle_read_after", server, read("account.move", [["id", "=", made[0]]], ["state"]), key)


LINE = ["move", "date", "debit", "credit", "description", "party", "origin", "reconciliation", "state", "create_date", "write_date",
        "account", "account.code", "account.name", "account.type.name", "account.type.statement", "move.number", "move.post_number",
        "move.post_date", "move.state", "move.description", "move.origin", "move.origin.rec_name", "move.journal.code", "move.journal.type", "move.period.name",
        "amount_second_currency", "second_currency.code", "currency.code", "company"]


def reading(probe, at):
    """What a read-only probe needs."""
    key = login(probe)
    window = [["date", ">=", TODAY - timedelta(days=30)], ["date", "<=", TODAY]]
    page = [*window, ["account.code", "=", "2400"]]
    record("lines_page1", probe, read("account.move.line", page, LINE, 0, 3), key)
    record("lines_page2", probe, read("account.move.line", page, LINE, 3, 3), key)
    record("lines_page_after_last", probe, read("account.move.line", page, LINE, 300, 3), key)
    record("lines_count", probe, rpc("model.account.move.line.search_count", page, {}), key)
    record("lines_all_accounts_by_text", probe, read("account.move.line", [*window, ["description", "like", "gc:%"]],
           ["description", "debit", "credit", "account.code", "move.state"]), key)
    record("lines_by_event", probe, read("account.move.line", [["move.description", "=", "evt_0004"]],
           ["move", "debit", "credit", "account.code"]), key)
    record("lines_created_since", probe, read("account.move.line", [["create_date", ">=", datetime.combine(TODAY, datetime.min.time())],
           ["account.code", "=", "2400"]], ["create_date"], 0, 2), key)
    record("lines_created_since_text", probe, read("account.move.line", [["create_date", ">=", f"{TODAY} 00:00:00"]], ["create_date"], 0, 1), key)
    record("lines_date_as_text", probe, read("account.move.line", [["date", ">=", TODAY.isoformat()]], ["date"], 0, 2), key)
    record("moves", probe, read("account.move", window, ["number", "post_number", "date", "post_date", "description", "origin", "state",
           "journal.code", "journal.name", "journal.type", "period.name", "period.state", "lines", "create_date", "create_uid.login"], 0, 5), key)
    record("moves_draft", probe, read("account.move", [["state", "=", "draft"]], ["number", "date", "description", "state"]), key)
    record("accounts", probe, read("account.account", [], ["code", "name", "closed", "type.name", "type.statement", "type.assets",
           "start_date", "end_date", "party_required", "currency.code"], order=[["code", "ASC"]]), key)
    record("statements", probe, read("account.statement", window, ["name", "date", "state", "journal.name", "number_of_lines", "lines",
           "origins"], 0, 4), key)
    origin = ["number", "date", "amount", "pending_amount", "description", "information", "party", "account", "statement.name",
              "statement_state", "currency.code", "lines", "create_date"]
    record("statement_origins", probe, read("account.statement.origin", window, origin, 0, 4), key)
    record("statement_origins_pending", probe, read("account.statement.origin", [["pending_amount", "!=", Decimal(0)]], origin), key)
    record("statement_lines", probe, read("account.statement.line", window, ["number", "date", "amount", "description", "account.code",
           "move", "move.state", "origin.number", "origin.information", "statement.state", "create_date"], 0, 4), key)
    record("statement_journals", probe, read("account.statement.journal", [], ["name", "validation", "account.code", "journal.code",
           "currency.code"]), key)
    record("rules", probe, read("account.statement.rule", [], ["name", "sequence", "description", "amount_low", "amount_high",
           "journal.name", "information_rules", "lines", "create_date", "write_date"], order=False), key)
    record("rule_lines", probe, read("account.statement.rule.line", [], ["rule", "rule.name", "rule.sequence", "rule.description", "sequence",
           "amount", "account.code", "account.name", "write_date"], order=[["rule.sequence", "ASC"], ["sequence", "ASC"]]), key)
    record("rules_active_field", probe, read("account.statement.rule", [], ["name", "active"]), key)
    record("rules_active_domain", probe, read("account.statement.rule", [["active", "=", False]], ["name"]), key)
    record("information_keys", probe, read("account.statement.origin.information", [], ["name", "string", "type_"]), key)
    record("fields_get", probe, rpc("model.account.move.line.fields_get", ["debit", "date", "origin", "account"], {}), key)
    ask = [("d", json.dumps(plain_text(page))), ("o", "id,ASC"), ("s", "3"), ("p", "0")]
    for name, user, model, field in (("csv", probe, "account.move.line", "move/description"), ("csv_unknown_field", probe, "account.move.line", "bogus"),
                                     ("csv_unknown_model", probe, "account.gift.card", "id"),
                                     ("csv_norights", Server("norights"), "account.move.line", "move/description")):
        fields = ["id", "date", "debit", "credit", "description", "account/code", "move/number", "move/state", "create_date", field]
        query = urlencode(ask + [("f", f) for f in fields])
        record(name, user, None, basic(user), path=f"/{probe.database}/data/{model}?{query}", method="GET")
    wrong(probe, key)


def wrong(probe, key):
    """Calls that cannot be answered."""
    record("unknown_field", probe, read("account.move.line", [], ["bogus"], 0, 1), key)
    record("unknown_field_in_domain", probe, read("account.move.line", [["bogus", "=", 1]], ["id"], 0, 1), key)
    record("gift_card_field_without_module", probe, read("account.move.line", [["account.type.gift_card", "=", True]], ["id"], 0, 1), key)
    record("unknown_model", probe, read("account.gift.card", [], ["id"], 0, 1), key)
    record("method_not_allowed", probe, rpc("model.account.move.line.browse", [1], {}), key)
    record("unknown_method", probe, rpc("model.account.move.line.search_all", {}), key)
    record("missing_parameters", probe, rpc("model.account.move.line.search_read", [["id", "=", 1]]), key)
    record("context_left_out", probe, rpc("model.account.move.line.search_read", [], 0, 1, None, ["id"]), key)
    extra = {"jsonrpc": "2.0", **read("account.move.line", [], ["id"], limit=1)}
    record("extra_key", probe, extra, key)
    record("extra_key_unknown_field", probe, {**extra, "params": [[], 0, 1, None, ["bogus"], {}]}, key)
    record("extra_key_refused", probe, {**extra, "method": "model.account.move.create", "params": [[{"description": "x"}], {}]}, key)
    record("write_refused", probe, rpc("model.account.move.create", [{"description": "x"}], {}), key)
    record("content_type_form", probe, read("account.move.line", [], ["id"], limit=1), {**key, "Content-Type": "application/x-www-form-urlencoded"})
    record("not_json", probe, None, key)
    record("without_length", probe, read("account.move.line", [], ["id"], limit=1), {**key, "Transfer-Encoding": "chunked"})
    record("get", probe, None, key, method="GET")
    record("no_slash", probe, read("account.move.line", [], ["id"], limit=1), key, path=f"/{probe.database}")
    for user in ("norights", "foreign"):
        other = Server(user)
        header = login(other)
        record(f"{user}_lines", other, read("account.move.line", [], ["id"], limit=1), header)
        record(f"{user}_accounts", other, read("account.account", [], ["code"], limit=1), header)
        record(f"{user}_rules", other, read("account.statement.rule", [], ["name"], limit=1), header)
    record("application_request", probe, {"user": "probe", "application": "gift_cards"}, path=f"/{probe.database}/user/application/",
           hide=lambda a: a)


def main():
    OUT.mkdir(exist_ok=True)
    servers = {user: Server(user) for user in ("admin", "integration", "probe", "norights", "foreign")}
    for user, server in servers.items():
        WORDS[server.password()] = f"password-of-{user}"
    door(servers["probe"])
    at, _ = posting(servers["integration"])
    breaking(servers["integration"], servers["admin"], at)
    reading(servers["probe"], at)
    throttle(servers["norights"])


if __name__ == "__main__":
    main()
