package simulator

import (
	"cmp"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"gcdiag/internal/casefile"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

const (
	shopifyToken   = "shpat_simulated0123456789abcdef"
	shopifyVersion = "2026-10"
)

// shopify is the shop: its cards, the orders that were paid with them, and the
// webhooks of the token's app.
type shopify struct {
	zone   *time.Location
	shop   money.Currency // of its books; what customers pay in is the card's
	cards  []*giftCard    // by id
	orders []*shopOrder   // by their last change
	root   object
}

// giftCard is one card as the platform keeps it.
type giftCard struct {
	id               string
	currency         money.Currency
	initial, balance money.Amount
	created, changed record.Time
	deactivated      record.Time
	expires          string // its last day
	app              bool   // an app issued it
	order            *shopOrder
	paid             money.Amount // for it, in an order
	item             string
	transactions     []any // oldest first
}

// shopOrder is one order of the shop.
type shopOrder struct {
	*record.Order
	id           string
	currency     money.Currency
	changed      record.Time
	paid         money.Amount // by cards
	cards        []object     // transactions with cards, oldest first
	refunds      []any
	sale         map[string]string // by card: the transaction by which it paid
	transactions []any
}

func gid(kind, id string) string { return "gid://shopify/" + kind + "/" + id }

// decimal is an amount as Shopify writes it, with one decimal at least and no
// second one that is zero.
func decimal(a money.Amount, c money.Currency) string {
	s := a.Text(c)
	switch {
	case !strings.Contains(s, "."):
		return s + ".0"
	case strings.HasSuffix(s, "0"):
		return s[:len(s)-1]
	}
	return s
}

func amountOf(a money.Amount, c money.Currency) object {
	return object{"amount": decimal(a, c), "currencyCode": c.String()}
}

func (s *shopify) set(a money.Amount, c money.Currency) object {
	shop := a
	if c != s.shop {
		shop = inDollars(a, c)
	}
	return object{"shopMoney": amountOf(shop, s.shop), "presentmentMoney": amountOf(a, c)}
}

func newShopify(c *casefile.Case) *shopify {
	s := &shopify{zone: c.Zone, shop: c.Currency}
	orders := map[string]*shopOrder{}
	for o := range c.Orders.All() {
		n, _ := strconv.Atoi(strings.TrimPrefix(o.ID, "#"))
		orders[o.ID] = &shopOrder{Order: o, id: strconv.Itoa(5510088000000 + n), currency: o.Currency, changed: o.At, sale: map[string]string{}}
	}
	voided := map[string]bool{}
	for m := range c.Movements.All() {
		if m.Kind == record.Reversal {
			voided[m.Reverses] = true
		}
	}
	cards := map[string]*giftCard{}
	n := 0
	for m := range c.Movements.All() {
		n++
		k := cards[m.Card]
		if k == nil {
			k = &giftCard{id: m.Card, currency: m.Currency, created: m.CardCreatedAt, changed: m.CardCreatedAt, initial: m.BalanceAfter.Amount - m.Amount}
			if m.Kind == record.Load {
				k.initial, k.order, k.app, k.item, k.paid = m.Amount, orders[m.Order], m.Origin == "app", m.Item, m.Amount
				if m.PricePaid.Set {
					k.paid = m.PricePaid.Amount
				}
			}
			k.balance = k.initial
			cards[m.Card] = k
			s.cards = append(s.cards, k)
		}
		switch m.Kind {
		case record.Load:
			continue
		case record.Expiry:
			k.expires = m.At.Earliest().In(c.Zone).Format(time.DateOnly)
			continue
		case record.Deactivation:
			k.deactivated, k.changed = m.At, m.At
			continue
		}
		k.changed = m.At
		k.balance += m.Amount
		t := object{"__typename": "GiftCardCreditTransaction", "id": "", "processedAt": stamp(m.At), "amount": amountOf(m.Amount, m.Currency)}
		if m.Amount < 0 {
			t["__typename"] = "GiftCardDebitTransaction"
		}
		id := m.ID
		if m.Kind != record.Adjustment {
			id = strconv.Itoa(99170000000 + n)
			s.pay(orders[m.Order], m, voided[m.ID])
		}
		t["id"] = gid(t["__typename"].(string), id)
		k.transactions = append(k.transactions, t)
	}
	for _, o := range orders {
		if len(o.cards) > 0 {
			s.finish(o)
			s.orders = append(s.orders, o)
		}
	}
	slices.SortFunc(s.cards, func(a, b *giftCard) int { return strings.Compare(a.id, b.id) })
	slices.SortFunc(s.orders, func(a, b *shopOrder) int { return cmp.Or(a.changed.Compare(b.changed), strings.Compare(a.id, b.id)) })
	s.root = s.roots(c)
	return s
}

// lastCharacters are those of a card's code.
func lastCharacters(card string) string {
	h := fnv.New32a()
	h.Write([]byte(card))
	return fmt.Sprintf("%04s", strconv.FormatUint(uint64(h.Sum32()%(36*36*36*36)), 36))
}

// pay adds to an order what was paid, held or given back with a card.
func (s *shopify) pay(o *shopOrder, m *record.Movement, voided bool) {
	kind, parent := "SALE", any(nil)
	switch {
	case voided:
		kind = "AUTHORIZATION"
	case m.Kind == record.Reversal:
		kind, parent = "VOID", object{"id": gid("OrderTransaction", m.Reverses)}
	case m.Kind == record.RefundToCard:
		kind, parent = "REFUND", object{"id": gid("OrderTransaction", o.sale[m.Card])}
		o.refunds = append(o.refunds, object{"id": gid("Refund", m.Refund), "transactions": resolver(func(args map[string]any) (any, error) {
			return connection(args, []any{object{"id": gid("OrderTransaction", m.ID)}})
		})})
	default:
		o.sale[m.Card] = m.ID
		o.paid += m.Amount.Abs()
	}
	receipt, _ := json.Marshal(map[string]any{"gift_card_id": json.Number(m.Card), "gift_card_last_characters": lastCharacters(m.Card)})
	o.changed = m.At
	o.cards = append(o.cards, s.transaction(m.ID, kind, "gift_card", string(receipt), m.At, m.Amount.Abs(), m.Currency, o.Test == record.Yes, parent))
}

func (s *shopify) transaction(id, kind, gateway, receipt string, when record.Time, a money.Amount, c money.Currency, test bool, parent any) object {
	return object{"id": gid("OrderTransaction", id), "kind": kind, "status": "SUCCESS", "gateway": gateway, "test": test, "createdAt": stamp(when), "processedAt": stamp(when),
		"receiptJson": receipt, "amountSet": s.set(a, c), "parentTransaction": parent}
}

// finish adds what of an order was not paid with cards.
func (s *shopify) finish(o *shopOrder) {
	for _, t := range o.cards {
		o.transactions = append(o.transactions, t)
	}
	if rest := o.Amount.Amount - o.paid; rest > 0 && o.paid > 0 {
		o.transactions = append(o.transactions, s.transaction("9"+o.id, "SALE", "shopify_payments", "{}", o.At, rest, o.currency, o.Test == record.Yes, nil))
	}
}

func source(channel string) string {
	if channel == "online" {
		return "web"
	}
	return channel
}

func null(t record.Time) any {
	if !t.Known() {
		return nil
	}
	return stamp(t)
}

func (o *shopOrder) short() object {
	return object{"id": gid("Order", o.id), "name": o.ID, "test": o.Test == record.Yes, "sourceName": source(o.CreatedVia)}
}

func (s *shopify) orderObject(o *shopOrder) object {
	x := o.short()
	x["createdAt"], x["cancelledAt"] = stamp(o.At), nil
	status := map[string]string{"refunded": "REFUNDED", "partially_refunded": "PARTIALLY_REFUNDED", "cancelled": "VOIDED"}[o.Status]
	if status == "" {
		status = "PAID"
	}
	if o.Status == "cancelled" {
		x["cancelledAt"] = stamp(o.changed)
	}
	x["displayFinancialStatus"] = status
	x["totalPriceSet"], x["totalRefundedSet"] = s.set(o.Amount.Amount, o.currency), s.set(o.RefundedAmount.Amount, o.currency)
	x["transactions"] = resolver(func(args map[string]any) (any, error) {
		return o.transactions[:min(len(o.transactions), number(fmt.Sprint(args["first"]), 0))], nil
	})
	x["refunds"] = resolver(func(map[string]any) (any, error) { return o.refunds, nil })
	return x
}

func (s *shopify) cardObject(k *giftCard) object {
	x := object{"__typename": "GiftCard", "id": gid("GiftCard", k.id), "lastCharacters": lastCharacters(k.id), "enabled": !k.deactivated.Known(), "createdAt": stamp(k.created),
		"updatedAt": stamp(k.changed), "deactivatedAt": null(k.deactivated), "expiresOn": nil, "initialValue": amountOf(k.initial, k.currency), "balance": amountOf(k.balance, k.currency),
		"order": nil, "lineItem": nil, "transactions": resolver(func(args map[string]any) (any, error) { return connection(args, newestFirst(args, k.transactions)) })}
	if k.expires != "" {
		x["expiresOn"] = k.expires
	}
	if k.order != nil {
		x["order"] = k.order.short()
		x["lineItem"] = object{"name": k.item, "discountedUnitPriceAfterAllDiscountsSet": s.set(k.paid, k.currency)}
	}
	return x
}

// roots are the queries that the shop answers.
func (s *shopify) roots(c *casefile.Case) object {
	cards, orders := map[string]object{}, map[string]object{}
	for _, k := range s.cards {
		cards[gid("GiftCard", k.id)] = s.cardObject(k)
	}
	for _, o := range s.orders {
		orders[gid("Order", o.id)] = s.orderObject(o)
	}
	one := func(of map[string]object) resolver {
		return func(args map[string]any) (any, error) {
			id, _ := args["id"].(string)
			return of[id], nil
		}
	}
	var hooks []any
	for sub := range c.Subscriptions.All() {
		for i, topic := range []string{"ORDERS_PAID", "ORDER_TRANSACTIONS_CREATE", "REFUNDS_CREATE"} {
			hooks = append(hooks, object{"id": gid("WebhookSubscription", strconv.Itoa(1044000044+i)), "topic": topic, "uri": sub.Address, "filter": "", "includeFields": []any{},
				"createdAt": stamp(sub.CreatedAt), "apiVersion": object{"handle": shopifyVersion, "supported": true}})
		}
	}
	var scopes []any
	for _, handle := range []string{"read_gift_cards", "read_gift_card_transactions", "read_orders", "read_all_orders"} {
		scopes = append(scopes, object{"handle": handle})
	}
	return object{
		"shop":                   object{"myshopifyDomain": "acme-simulated.myshopify.com", "ianaTimezone": s.zone.String(), "currencyCode": s.shop.String()},
		"currentAppInstallation": object{"accessScopes": scopes},
		"order":                  one(orders),
		"giftCard":               one(cards),
		"giftCardsCount":         resolver(func(map[string]any) (any, error) { return object{"count": len(s.cards)}, nil }),
		"giftCards": resolver(func(args map[string]any) (any, error) {
			list := slices.Clone(s.cards)
			if args["sortKey"] == "UPDATED_AT" {
				slices.SortStableFunc(list, func(a, b *giftCard) int { return a.changed.Compare(b.changed) })
			}
			var nodes []any
			for _, k := range list {
				ok, err := matches(args["query"], map[string]string{"source": map[bool]string{true: "api_client"}[k.app], "created_at": stamp(k.created), "expires_on": k.expires})
				if err != nil {
					return nil, err
				}
				if ok {
					nodes = append(nodes, cards[gid("GiftCard", k.id)])
				}
			}
			return connection(args, newestFirst(args, nodes))
		}),
		"orders": resolver(func(args map[string]any) (any, error) {
			var nodes []any
			for _, o := range s.orders {
				ok, err := matches(args["query"], map[string]string{"gateway": "gift_card", "updated_at": stamp(o.changed)})
				if err != nil {
					return nil, err
				}
				if ok {
					nodes = append(nodes, orders[gid("Order", o.id)])
				}
			}
			return connection(args, newestFirst(args, nodes))
		}),
		"webhookSubscriptions": resolver(func(args map[string]any) (any, error) { return connection(args, hooks) }),
	}
}

// matches reports whether what a search asks for holds: terms such as
// gateway:gift_card and updated_at:>='2026-09-24T04:00:00Z'.
func matches(search any, of map[string]string) (bool, error) {
	text, _ := search.(string)
	for _, term := range strings.Fields(text) {
		field, want, _ := strings.Cut(term, ":")
		have, known := of[field]
		if !known {
			return false, fmt.Errorf("the search term %q is not simulated", term)
		}
		operator := want[:len(want)-len(strings.TrimLeft(want, "<>="))]
		by := strings.Compare(have, strings.Trim(want[len(operator):], "'"))
		ok := have != "" && map[string]bool{"": by == 0, ">=": by >= 0, "<=": by <= 0, ">": by > 0, "<": by < 0}[operator]
		if !ok {
			return false, nil
		}
	}
	return true, nil
}

func (s *shopify) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	version, ok := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, "/admin/api/"), "/graphql.json")
	if !ok || r.Method != http.MethodPost || version < "2026-07" {
		answer(w, http.StatusNotFound, object{"errors": "Not Found"})
		return
	}
	if r.Header.Get("X-Shopify-Access-Token") != shopifyToken {
		answer(w, http.StatusUnauthorized, object{"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"})
		return
	}
	var q struct {
		Query     string
		Variables map[string]any
	}
	d := json.NewDecoder(r.Body)
	d.UseNumber()
	if err := d.Decode(&q); err != nil {
		answer(w, http.StatusBadRequest, object{"errors": object{"query": "Required parameter missing or invalid"}})
		return
	}
	w.Header().Set("X-Shopify-API-Version", version)
	fields, err := parse(q.Query, q.Variables)
	var data any
	if err == nil {
		data, err = project(s.root, fields)
	}
	if err != nil {
		answer(w, http.StatusOK, object{"errors": []any{object{"message": err.Error(), "extensions": object{"code": "undefinedField"}}}})
		return
	}
	answer(w, http.StatusOK, object{"data": data, "extensions": object{"cost": object{"requestedQueryCost": 42, "actualQueryCost": 17,
		"throttleStatus": object{"maximumAvailable": json.Number("20000.0"), "currentlyAvailable": 19983, "restoreRate": json.Number("1000.0")}}}})
}

// settings is the rest of the shop's entry in connectors.yaml. What the pack's
// own table says of a kind is left to it.
func (s *shopify) settings(feeds []casefile.Feed) string {
	var b strings.Builder
	fmt.Fprintf(&b, "    probe: shopify\n    auth: {token: %s}\n", shopifyToken)
	told := map[record.Kind]bool{}
	for _, f := range feeds {
		if f.Via == record.ViaNone {
			told[f.Kind] = true
		}
	}
	b.WriteString("    feeds:\n")
	for _, f := range feeds {
		if told[f.Kind] {
			continue
		}
		fmt.Fprintf(&b, "      - {kind: %s, ", f.Kind)
		if f.Origin != "" {
			fmt.Fprintf(&b, "origin: %s, ", f.Origin)
		}
		fmt.Fprintf(&b, "via: %s}\n", f.Via)
	}
	return b.String()
}
