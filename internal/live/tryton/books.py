"""Fills an empty Tryton with the books of one small shop, by JSON-RPC as admin; what is there already stays.

Company with USD, fiscal years for last, this and next year, the accounts a gift card touches, a statement journal,
the rule that books gift card lines on the liability account and the users the tests need.
"""
import sys
import time
from datetime import date

sys.dont_write_bytecode = True
from rpc import RPCError, Server  # noqa: E402

TYPES = {  # name: what makes it so
    "Assets": {"statement": "balance", "assets": True},
    "Liabilities": {"statement": "balance", "assets": False},
    "Revenue": {"statement": "income", "revenue": True},
    "Expense": {"statement": "income", "expense": True},
}
ACCOUNTS = [
    ("1090", "Gift card clearing", "Assets"),
    ("2190", "Deposits received", "Liabilities"),
    ("2400", "Gift card liability", "Liabilities"),
    ("4000", "Sales revenue", "Revenue"),
    ("4900", "Unclassified receipts", "Revenue"),
    ("6900", "Breakage and write-off", "Expense"),
]
INFORMATION = {"gc_event": "Gift card event", "gc_kind": "Gift card event kind", "gc_order": "Shop order",
               "gc_card": "Card token"}
RULE, CATCH_ALL = "Gift card lines", "Everything else"
READ_ONLY = ["account.move", "account.statement", "account.statement.rule", "account.statement.journal"]


def wait(server):
    for _ in range(240):
        try:
            if server.send("/", {"id": 0, "method": "common.server.version", "params": []})[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.5)
    sys.exit("Tryton does not answer; see trytond.log in LIVE_DIR")


def set_rules(server):
    """The two rules as they should be: gift cards first, the rest after them."""
    account = {code: server.one("account.account", [["code", "=", code]]) for code in ("2400", "4900")}
    for sequence, name, pattern, code in ((10, RULE, r"^gc:", "2400"), (90, CATCH_ALL, None, "4900")):
        values = {"name": name, "company": server.company, "sequence": sequence, "description": pattern}
        found = server.rows("account.statement.rule", [["name", "=", name]], ["lines"])
        if found:
            server.call("model.account.statement.rule.write", [found[0]["id"]], values)
            server.call("model.account.statement.rule.line.write", found[0]["lines"], {"account": account[code]})
        else:
            lines = [["create", [{"amount": "pending", "account": account[code]}]]]
            server.call("model.account.statement.rule.create", [{**values, "lines": lines}])


def company(admin):
    party = admin.ensure("party.party", [["name", "=", "Acme store"]], {"name": "Acme store"})
    currency = admin.ensure("currency.currency", [["code", "=", "USD"]], {
        "name": "US Dollar", "code": "USD", "symbol": "$", "numeric_code": "840", "digits": 2})
    company = admin.ensure("company.company", [["party", "=", party]],
                           {"party": party, "currency": currency, "timezone": "America/New_York"})
    admin.call("model.res.user.write", [admin.one("res.user", [["login", "=", "admin"]])],
               {"companies": [["add", [company]]], "company": company})
    admin.context = admin.call("model.res.user.get_preferences", True)
    return currency


def chart(admin):
    types = {name: admin.ensure("account.account.type", [["name", "=", name]], {"name": name, "company": admin.company, **values})
             for name, values in TYPES.items()}
    return {code: admin.ensure("account.account", [["code", "=", code]],
                               {"code": code, "name": name, "type": types[kind], "company": admin.company})
            for code, name, kind in ACCOUNTS}


def years(admin):
    kind = {name: admin.one("ir.sequence.type", [["name", "=", name]]) for name in ("Account Move", "Invoice")}
    for year in range(date.today().year - 1, date.today().year + 2):
        if admin.rows("account.fiscalyear", [["name", "=", str(year)]], ["id"]):
            continue
        sequence = admin.call("model.ir.sequence.create", [{"name": f"Posting {year}", "sequence_type": kind["Account Move"], "company": admin.company}])[0]
        invoices = admin.call("model.ir.sequence.strict.create", [{"name": f"Invoice {year}", "sequence_type": kind["Invoice"], "company": admin.company}])[0]
        made = admin.call("model.account.fiscalyear.create", [{
            "name": str(year), "company": admin.company, "start_date": date(year, 1, 1), "end_date": date(year, 12, 31),
            "post_move_sequence": sequence, "invoice_sequences": [["create", [{"company": admin.company, **{
                f"{way}_{paper}_sequence": invoices for way in ("in", "out") for paper in ("invoice", "credit_note")}}]]]}])
        admin.call("model.account.fiscalyear.create_period", made)


def journals(admin, accounts, currency):
    sequence = admin.ensure("ir.sequence", [["name", "=", "Gift card journal"]], {
        "name": "Gift card journal", "company": admin.company, "prefix": "GC/",
        "sequence_type": admin.one("ir.sequence.type", [["name", "=", "Account Journal"]])})
    for code, name, kind in (("GC", "Gift cards", "general"), ("GCS", "Gift card statement", "statement")):
        admin.ensure("account.journal", [["code", "=", code]], {"code": code, "name": name, "type": kind, "sequence": sequence})
    admin.ensure("account.statement.journal", [["name", "=", "Gift card feed"]], {
        "name": "Gift card feed", "company": admin.company, "currency": currency, "validation": "number_of_lines",
        "account": accounts["1090"], "journal": admin.one("account.journal", [["code", "=", "GCS"]])})
    # Tryton lets only modules define the keys of a statement line's information; an administrator has to allow it first.
    model = admin.one("ir.model", [["model", "=", "account.statement.origin.information"]])
    group = admin.one("res.group", [["name", "=", "Account Administration"]])
    admin.ensure("ir.model.access", [["model", "=", model], ["group", "=", group]],
                 {"model": model, "group": group, "perm_read": True, "perm_write": True, "perm_create": True})
    for name, label in INFORMATION.items():
        admin.ensure("account.statement.origin.information", [["name", "=", name]],
                     {"name": name, "string": label, "type_": "char"})


def users(admin):
    group = {name: admin.one("res.group", [["name", "=", name]]) for name in ("Account", "Statement")}
    readers = admin.ensure("res.group", [["name", "=", "Gift card readers"]], {"name": "Gift card readers"})
    for model in READ_ONLY:
        model = admin.one("ir.model", [["model", "=", model]])
        admin.ensure("ir.model.access", [["model", "=", model], ["group", "=", readers]],
                     {"model": model, "group": readers, "perm_read": True})
    ours = [admin.company]
    for login, groups, companies in (("integration", [group["Account"], group["Statement"]], ours), ("probe", [readers], ours),
                                     ("norights", [], ours), ("foreign", [readers], [])):
        admin.ensure("res.user", [["login", "=", login]], {
            "login": login, "name": login, "password": admin.password(login), "groups": [["add", groups]],
            "companies": [["add", companies]], "company": companies[0] if companies else None})


def fill(admin):
    currency = company(admin)
    accounts = chart(admin)
    years(admin)
    journals(admin, accounts, currency)
    if not admin.rows("account.statement.rule", [], ["id"], limit=1):
        set_rules(admin)
    users(admin)


if __name__ == "__main__":
    with Server("admin") as server:
        wait(server)
        try:
            fill(server)
        except RPCError as refused:
            sys.exit(f"filling the books: {refused}")
