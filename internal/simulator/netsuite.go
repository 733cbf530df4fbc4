package simulator

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gcdiag/internal/casefile"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

const (
	netsuiteClient      = "8a1f20c4d7simulated"
	netsuiteCertificate = "kPq3simulated"
	netsuiteToken       = "eyJhbGciOiJub25lIn0.simulated.token"
	netsuiteUser        = "4017" // as whom the integration writes
	netsuiteClerk       = "4022"
	tokenPath           = "/services/rest/auth/oauth2/v1/token"
)

// The chart of accounts, and what is sold.
var (
	accounts = []object{
		{"id": "1", "acctnumber": "1000", "accountname": "Undeposited Funds", "accttype": "Bank"},
		{"id": "54", "acctnumber": "4000", "accountname": "Sales", "accttype": "Income"},
		{"id": "118", "acctnumber": "1090", "accountname": "Card Clearing", "accttype": "OthCurrAsset"},
		{"id": "119", "acctnumber": "1100", "accountname": "Accounts Receivable", "accttype": "AcctRec"},
		{"id": "212", "acctnumber": "2400", "accountname": "Gift Card Liability", "accttype": "OthCurrLiab"},
		{"id": "301", "acctnumber": "9990", "accountname": "Suspense", "accttype": "OthCurrLiab"},
	}
	items = []object{
		{"id": "401", "itemid": "Gift Card 10"}, {"id": "402", "itemid": "Gift Card 25"}, {"id": "403", "itemid": "Gift Card 50"}, {"id": "404", "itemid": "Gift Card 75"},
		{"id": "405", "itemid": "Gift Card 100"}, {"id": "406", "itemid": "Gift Card, any value"}, {"id": "410", "itemid": "Gift Card Payment"},
	}
)

const (
	anyValue = "Gift Card, any value"
	payment  = "Gift Card Payment"
	goods    = "Assorted goods"
)

// netsuite is the ERP.
type netsuite struct {
	url    string
	key    *ecdsa.PrivateKey
	lines  []object // by transaction and line
	items  []object
	target map[string]string // by item: the account it posts to, where that is not the liability account
	broken int               // the list of ledger lines breaks off after so many; 0: it does not
}

func newNetSuite(c *casefile.Case, sys *casefile.System) (*netsuite, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("simulating NetSuite: %w", err)
	}
	n := &netsuite{key: key, target: map[string]string{}, broken: sys.Read(record.Postings).Cap}
	inactive := "F"
	for r := range c.Rules.All() {
		if item, ok := strings.CutPrefix(r.Matches, "item = "); ok {
			n.target[item] = r.Account
		}
		if r.Kinds.Has(record.Load) && r.Active == record.No {
			inactive = "T"
		}
	}
	for _, it := range items {
		x := object{"id": it["id"], "itemid": it["itemid"], "itemtype": "GiftCert", "isinactive": inactive, "incomeaccount": "54"}
		if it["itemid"] == payment {
			x["itemtype"], x["isinactive"], x["incomeaccount"] = "Payment", "F", accountID(c.Liability[0])
		}
		n.items = append(n.items, x)
	}
	for _, p := range gathered(c) {
		n.enter(p, c.Zone)
	}
	slices.SortStableFunc(n.lines, func(a, b object) int {
		return cmp.Or(whole(a["id"])-whole(b["id"]), whole(a["lineid"])-whole(b["lineid"]))
	})
	return n, nil
}

// gathered are the postings that become transactions. A daily journal's line for
// a kind that no transaction type tells stands in one with others of its day.
func gathered(c *casefile.Case) []record.Posting {
	type day struct{ date, currency string }
	into := map[day]int{}
	var out []record.Posting
	for p := range c.Postings.All() {
		if p.Status == record.InException && p.Account == "" {
			continue // the ERP refused it
		}
		if p.Type == "Daily Journal" && kindOf(p) == "Journal" {
			k := day{p.Dated.Earliest().Format(time.DateOnly), p.Currency.String()}
			if i, ok := into[k]; ok {
				out[i].Amount += p.Amount
				continue
			}
			into[k] = len(out)
		}
		out = append(out, *p)
	}
	return out
}

func whole(x any) int { return number(fmt.Sprint(x), 0) }

func accountID(number string) string {
	for _, a := range accounts {
		if a["acctnumber"] == number {
			return a["id"].(string)
		}
	}
	return ""
}

func account(id any) object {
	for _, a := range accounts {
		if a["id"] == id {
			return a
		}
	}
	return nil
}

// kindOf is the type of the transaction that a posting stands in.
func kindOf(p *record.Posting) string {
	switch p.Type {
	case "Cash Sale":
		return "CashSale"
	case "Card Payment":
		return "CustPymt"
	case "Daily Journal":
		switch p.Kind {
		case record.Load:
			return "CashSale"
		case record.Redemption:
			return "CustPymt"
		case record.RefundToCard:
			return "CustCred"
		}
		return "Journal"
	case "Credit Memo":
		return "CustCred"
	case "Invoice", "Payment":
		return "CustInvc"
	}
	return "Journal"
}

// titles are the types in words.
var titles = map[string]string{"CashSale": "Cash Sale", "CustPymt": "Payment", "CustCred": "Credit Memo", "CustInvc": "Invoice", "Journal": "Journal"}

// enter makes a transaction of a posting: its line, and the other side of it.
func (n *netsuite) enter(p record.Posting, zone *time.Location) {
	id, _, _ := strings.Cut(p.ID, ":")
	kind := kindOf(&p)
	day := p.Dated.Earliest().In(zone).Format(time.DateOnly)
	head := object{"id": id, "type": kind, "tranid": strings.ToUpper(kind[:3]) + id, "trandate": day, "status": "B", "statusname": titles[kind] + " : Deposited", "posting": "T", "voided": "F",
		"createdby": netsuiteUser, "currency": p.Currency.String(), "exchangerate": rate(p.Currency)}
	if p.Order != "" {
		head["orderref"] = p.Order
	}
	if p.From == record.ByHand {
		head["createdby"] = netsuiteClerk
	}
	if !p.Status.Counts() {
		head["posting"], head["status"], head["statusname"] = "F", "A", titles[kind]+" : Pending Approval"
	}
	item := ""
	switch {
	case p.Type == "Daily Journal" || p.From == record.ByHand:
	case p.Type == "Cash Sale":
		item = goods
	case p.Kind == record.Load:
		if item = p.Item; item == "" {
			item = anyValue
		}
	case p.Kind == record.Redemption || p.Kind == record.RefundToCard:
		item = payment
	}
	line := side(head, "1", accountID(p.Account), p.Amount, p.Currency)
	if item != "" {
		line["item"], line["itemname"] = itemID(item), item
	}
	set := func(column, text string) {
		if text != "" {
			line[column] = text
		}
	}
	if p.Ref != p.Order {
		set("eventref", p.Ref)
	}
	set("cardref", p.Card)
	set("refundref", p.Refund)
	set("linememo", p.Memo)
	other := "1100"
	if kind == "CashSale" {
		other = "1000"
	}
	n.lines = append(n.lines, side(head, "0", accountID(other), -p.Amount, p.Currency), line)
}

func itemID(name string) string {
	for _, it := range items {
		if it["itemid"] == name {
			return it["id"].(string)
		}
	}
	return "500"
}

// side is one line of a transaction: debit or credit in the book's currency, and
// the amount in the transaction's.
func side(head object, id, account string, a money.Amount, c money.Currency) object {
	x := object{"lineid": id, "account": account, "foreignamount": (-a).Text(c)}
	for k, v := range head {
		x[k] = v
	}
	book := inDollars(a.Abs(), c).Text(money.MustCurrency("USD"))
	if a > 0 {
		x["credit"] = book
	} else {
		x["debit"] = book
	}
	return x
}

func (n *netsuite) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, code, detail string) {
		answer(w, status, object{"type": "https://www.rfc-editor.org/rfc/rfc9110", "title": http.StatusText(status), "status": status,
			"o:errorDetails": []any{object{"detail": detail, "o:errorCode": code}}})
	}
	if r.Method == http.MethodPost && r.URL.Path == tokenPath {
		if why := n.grants(r); why != "" {
			answer(w, http.StatusBadRequest, object{"error": "invalid_grant", "error_description": why})
			return
		}
		answer(w, http.StatusOK, object{"access_token": netsuiteToken, "expires_in": "3600", "token_type": "Bearer"})
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+netsuiteToken {
		refuse(http.StatusUnauthorized, "INVALID_LOGIN", "Invalid login attempt.")
		return
	}
	if id, ok := strings.CutPrefix(r.URL.Path, "/services/rest/record/v1/giftCertificateItem/"); ok && r.Method == http.MethodGet {
		i := slices.IndexFunc(n.items, func(it object) bool { return it["id"] == id && it["itemtype"] == "GiftCert" })
		if i < 0 {
			refuse(http.StatusNotFound, "NONEXISTENT_ID", "The record instance does not exist.")
			return
		}
		to := n.target[n.items[i]["itemid"].(string)]
		if to == "" {
			to = "2400"
		}
		answer(w, http.StatusOK, object{"id": id, "itemId": n.items[i]["itemid"], "liabilityAccount": object{"id": accountID(to), "refName": to, "links": []any{}}, "links": []any{}})
		return
	}
	var q struct{ Q string }
	if r.Method != http.MethodPost || r.URL.Path != "/services/rest/query/v1/suiteql" || r.Header.Get("Prefer") != "transient" || json.NewDecoder(r.Body).Decode(&q) != nil {
		refuse(http.StatusNotFound, "NOT_FOUND", "The simulation has no "+r.Method+" "+r.URL.Path)
		return
	}
	rows, more, ok := n.query(q.Q)
	if !ok {
		refuse(http.StatusBadRequest, "INVALID_PARAMETER", "Invalid search query. The simulation does not know this one.")
		return
	}
	if rows == nil && more {
		refuse(http.StatusBadRequest, "UNEXPECTED_ERROR", "The query was ended, because it took too long.")
		return
	}
	limit, offset := number(r.URL.Query().Get("limit"), 1000), number(r.URL.Query().Get("offset"), 0)
	from := min(offset, len(rows))
	to := min(from+limit, len(rows))
	answer(w, http.StatusOK, object{"links": []any{}, "count": to - from, "offset": offset, "totalResults": len(rows), "hasMore": more || to < len(rows), "items": selected(q.Q, rows[from:to])})
}

// grants is why a request for a token is refused, or "".
func (n *netsuite) grants(r *http.Request) string {
	if r.FormValue("grant_type") != "client_credentials" || r.FormValue("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
		return "unsupported grant"
	}
	parts := strings.Split(r.FormValue("client_assertion"), ".")
	if len(parts) != 3 {
		return "no assertion"
	}
	var head struct{ Alg, Kid string }
	var claims struct {
		Iss, Aud string
		Exp      int64
	}
	for i, into := range []any{&head, &claims} {
		b, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(b, into) != nil {
			return "the assertion can't be read"
		}
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	switch {
	case head.Alg != "ES256" || head.Kid != netsuiteCertificate || claims.Iss != netsuiteClient:
		return "unknown certificate or client"
	case claims.Aud != n.url+tokenPath || claims.Exp < time.Now().Unix():
		return "the assertion is for another server or has expired"
	case err != nil || len(signature) != 64 || !ecdsa.Verify(&n.key.PublicKey, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])):
		return "the signature is wrong"
	}
	return ""
}

var (
	above      = regexp.MustCompile(`\b[ai]\.id > (\d+)`)
	beyond     = regexp.MustCompile(`\(tal\.transaction > (\d+) OR \(tal\.transaction = \d+ AND tal\.transactionline > (\d+)\)\)`)
	between    = regexp.MustCompile(`t\.trandate BETWEEN TO_DATE\('([0-9-]+)','YYYY-MM-DD'\) AND TO_DATE\('([0-9-]+)','YYYY-MM-DD'\)`)
	onAccounts = regexp.MustCompile(`tal\.account (NOT )?IN \(([0-9,]+)\)`)
	ofItems    = regexp.MustCompile(`tl\.item IN \(([0-9,]+)\)`)
	ofTypes    = regexp.MustCompile(`a\.accttype NOT IN \(([A-Za-z',]+)\)`)
)

// query answers what a statement asks for, which the table behind FROM tells; ok
// is false where it is none of the pack's. More without rows means that the list
// breaks off here.
func (n *netsuite) query(q string) (rows []object, more, ok bool) {
	after := 0
	if m := above.FindStringSubmatch(q); m != nil {
		after = whole(m[1])
	}
	beyondID := func(list []object) []object {
		return slices.DeleteFunc(slices.Clone(list), func(x object) bool { return whole(x["id"]) <= after })
	}
	_, rest, _ := strings.Cut(q, " FROM ")
	switch table, _, _ := strings.Cut(rest, " "); {
	case strings.HasPrefix(q, "SELECT COUNT(*)"):
		return []object{{"accounts": strconv.Itoa(len(accounts))}}, false, true
	case table == "account":
		return beyondID(accounts), false, true
	case table == "item":
		return beyondID(n.items), false, true
	case table == "transactionaccountingline" && strings.Contains(q, "GROUP BY"):
		if len(n.lines) == 0 {
			return nil, false, true
		}
		return []object{{"book": "1", "latest": n.lines[len(n.lines)-1]["id"]}}, false, true
	case table == "transactionaccountingline":
		return n.ledger(q)
	case table == "transactionline" && strings.Contains(q, "t.type IN ('SalesOrd','RtnAuth')"), table == "transaction" && strings.Contains(q, "t.type = 'CustDep'"):
		return nil, false, true // nothing waits to be billed or applied
	}
	return nil, false, false
}

func (n *netsuite) ledger(q string) (rows []object, more, ok bool) {
	days, on := between.FindStringSubmatch(q), onAccounts.FindStringSubmatch(q)
	if days == nil || on == nil {
		return nil, false, false
	}
	transaction, line := 0, -1
	if m := beyond.FindStringSubmatch(q); m != nil {
		transaction, line = whole(m[1]), whole(m[2])
	}
	list := strings.Split(on[2], ",")
	elsewhere := on[1] != ""
	var types, items []string
	if m := ofTypes.FindStringSubmatch(q); m != nil {
		types = strings.Split(strings.ReplaceAll(m[1], "'", ""), ",")
	}
	if m := ofItems.FindStringSubmatch(q); m != nil {
		items = strings.Split(m[1], ",")
	}
	byOrder := strings.Contains(q, "IS NOT NULL")
	given := 0
	for _, x := range n.lines {
		item, _ := x["item"].(string)
		date := x["trandate"].(string)
		switch {
		case date < days[1] || date > days[2], slices.Contains(list, x["account"].(string)) == elsewhere,
			slices.Contains(types, account(x["account"])["accttype"].(string)),
			strings.Contains(q, "tal.posting = 'T'") && x["posting"] != "T",
			elsewhere && !(byOrder && x["orderref"] != nil || slices.Contains(items, item)):
			continue
		}
		given++
		if id := whole(x["id"]); id > transaction || id == transaction && whole(x["lineid"]) > line {
			rows = append(rows, x)
		}
	}
	if n.broken > 0 && !elsewhere {
		return rows, given > 0, true
	}
	return rows, false, true
}

// selected are the columns that a statement names, lower-case and as text. What
// is null is left out.
func selected(q string, rows []object) []any {
	head, _, _ := strings.Cut(strings.TrimPrefix(q, "SELECT "), " FROM ")
	var names []string
	depth, from := 0, 0
	for i := 0; i <= len(head); i++ {
		switch {
		case i == len(head) || head[i] == ',' && depth == 0:
			column := strings.TrimSpace(head[from:i])
			if _, as, ok := strings.Cut(column, " AS "); ok {
				column = as
			} else if _, name, ok := strings.Cut(column, "."); ok {
				column = name
			}
			names, from = append(names, strings.ToLower(column)), i+1
		case head[i] == '(':
			depth++
		case head[i] == ')':
			depth--
		}
	}
	out := []any{}
	for _, r := range rows {
		x := object{"links": []any{}}
		for _, name := range names {
			if v := r[name]; v != nil {
				x[name] = v
			}
		}
		out = append(out, x)
	}
	return out
}

// settings is the rest of the ERP's entry in connectors.yaml.
func (n *netsuite) settings() string {
	der, err := x509.MarshalPKCS8PrivateKey(n.key)
	if err != nil {
		panic("simulator: " + err.Error()) // can't be: the key was just made
	}
	key := strings.ReplaceAll(strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))), "\n", "\n        ")
	return fmt.Sprintf(`    probe: netsuite
    auth:
      client_id: %s
      certificate_id: %s
      private_key: |
        %s
    settings:
      account: SIM1234567
      order_field: custbody_shop_order
      event_field: custcol_gift_card_event
      refund_field: custcol_shop_refund
      card_field: custcol_gift_card_id
      integration_user: %q
`, netsuiteClient, netsuiteCertificate, key, netsuiteUser)
}
