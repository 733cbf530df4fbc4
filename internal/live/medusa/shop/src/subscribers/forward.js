// Sends gift card movements on to WEBHOOK_URL, as {id, kind, card, amount, currency, order, at, channel}: what a shop has
// to write itself, since Medusa has no webhooks. A movement raises no event of its own, so its neighbours' events are taken:
//   loyalty.gift-card.created         the load of a card, sold or issued by hand
//   order.placed                      the redemptions of the order's cart
//   order.order-credit-line.created   the refunds of an order to store credit
// What a clerk credits or debits by hand and what a customer claims raises none of them: it is never sent.
// One try, no queue: a webhook that does not answer has lost the event. Tries are written to LIVE_DIR/forward.log.
// The file LIVE_DIR/forward says what is sent: all (default), orders (not what was issued by hand) or off.
const { appendFileSync, existsSync, readFileSync } = require("node:fs")
const { ContainerRegistrationKeys, Modules } = require("@medusajs/framework/utils")

const dir = process.env.LIVE_DIR
const mode = () => (existsSync(`${dir}/forward`) ? readFileSync(`${dir}/forward`, "utf8").trim() : "all")
const kinds = { gift_card: "load", cart: "redemption", order: "refund_to_card" }
const sent = new Set()

// cents writes an amount with at least two decimals, without arithmetic: 30.5 → 30.50.
const cents = (text) => {
  const [whole, fraction = ""] = text.split(".")
  return `${whole}.${fraction.padEnd(2, "0")}`
}

async function deliver(event) {
  let status
  try {
    const answer = await fetch(process.env.WEBHOOK_URL, {
      method: "POST",
      headers: { "content-type": "application/json", "x-event-id": event.id },
      body: JSON.stringify(event),
      signal: AbortSignal.timeout(10000),
    })
    status = answer.status
  } catch (error) {
    status = error.cause?.code ?? error.name
  }
  appendFileSync(`${dir}/forward.log`, JSON.stringify({ tried_at: new Date().toISOString(), status, ...event }) + "\n")
}

exports.default = async function forward({ event: { name, data }, container }) {
  if (mode() === "off") return
  const query = container.resolve(ContainerRegistrationKeys.QUERY)
  const rows = async (entity, filters, fields) => (await query.graph({ entity, filters, fields })).data
  const order = async (id) =>
    (await rows("order", { id }, ["id", "display_id", "sales_channel.name", "cart.id", "gift_cards.id"]))[0]

  let about, filters
  if (name === "loyalty.gift-card.created") {
    const [card] = await rows("gift_card", { id: data.id }, ["id", "reference", "reference_id"])
    if (mode() === "orders" && card.reference !== "order") return
    about = card.reference === "order" ? await order(card.reference_id) : undefined
    filters = { reference: "gift_card", reference_id: card.id }
  } else if (name === "order.placed") {
    about = await order(data.id)
    if (!about.gift_cards?.length) return
    filters = { reference: "cart", reference_id: about.cart.id }
  } else {
    const [line] = await container.resolve(Modules.ORDER).listOrderCreditLines({ id: data.id })
    if (!line || line.amount >= 0) return
    about = await order(line.order_id)
    filters = { reference: "order", reference_id: line.order_id }
  }

  for (const t of await rows("account_transaction", filters, ["*", "account.*"])) {
    if (sent.has(t.id)) continue
    sent.add(t.id)
    const [link] = await rows("gift_card_store_credit_account", { store_credit_account_id: t.account.id }, ["gift_card_id"])
    await deliver({
      id: t.id,
      kind: kinds[t.reference],
      card: link?.gift_card_id ?? t.account.id,
      amount: cents(t.raw_amount.value),
      currency: t.account.currency_code.toUpperCase(),
      order: about ? String(about.display_id) : "",
      at: new Date(t.created_at).toISOString(),
      channel: about?.sales_channel?.name ?? "by hand",
    })
  }
}

exports.config = {
  event: ["loyalty.gift-card.created", "order.placed", "order.order-credit-line.created"],
  context: { subscriberId: "forward-gift-card-movements" },
}
