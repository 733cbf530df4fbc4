#!/usr/bin/env node
// Drives the live Medusa as customers and clerks do, over the store and admin APIs.
//
//   buy   [--value 25|50] [--quantity 1] [--guest]     a customer buys gift cards: a load per card, made by the order
//   issue --value 30.50 [--note T]                     a clerk issues a card by hand: a load without an order
//   redeem --card gcard_… [--item one|pair] [--guest]  a customer pays a mug (20.00) or two (37.55) with the card, the rest in cash
//   refund --order order_…                             a clerk takes all items off the order and gives the money back as store credit
//   adjust --card gcard_… --amount -5.00 [--note T]    a clerk credits or debits the card's own account by hand
//   claim --card gcard_…                               the customer moves the card's balance to his store credit
//   expire --card gcard_…                              sets the card's end to yesterday
//   forward all | orders | off                         what the subscriber sends on: all it can see, what an order made, nothing
//   list                                               every account with its card and its movements
//
// Environment: LIVE_DIR, MEDUSA_PORT (9000). Answers are JSON on stdout; no key or password is ever printed.
import { readFileSync, writeFileSync } from 'node:fs'

const dir = process.env.LIVE_DIR
const base = `http://127.0.0.1:${process.env.MEDUSA_PORT ?? 9000}`
const secret = (name) => readFileSync(`${dir}/secrets/${name}`, 'utf8').trim()

async function call(method, path, body, headers) {
	const answer = await fetch(base + path, { method, headers: { 'content-type': 'application/json', ...headers }, body: body && JSON.stringify(body) })
	const text = await answer.text()
	if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
	return JSON.parse(text)
}
export const admin = (method, path, body) => call(method, '/admin' + path, body, { authorization: 'Basic ' + secret('api-key') })
const store = (method, path, body, token) => call(method, '/store' + path, body, {
	'x-publishable-api-key': secret('publishable-key'), ...(token && { authorization: `Bearer ${token}` }) })
const customer = async () => (await call('POST', '/auth/customer/emailpass', { email: 'customer@shop.example', password: secret('customer') })).token

// checkout puts the variant into a new cart, pays with the card if one is named and the rest by the shop's manual payment.
async function checkout(title, variant, { quantity = 1, guest, card }) {
	const token = guest ? undefined : await customer()
	const { products } = await admin('GET', `/products?title=${title}&fields=*variants`)
	const { regions } = await admin('GET', '/regions')
	const { cart } = await store('POST', '/carts', { region_id: regions[0].id, email: guest ? 'guest@shop.example' : 'customer@shop.example' }, token)
	await store('POST', `/carts/${cart.id}/line-items`, {
		variant_id: products[0].variants.find((v) => v.title === variant).id, quantity: Number(quantity) }, token)
	if (card) {
		const { gift_card } = await admin('GET', `/gift-cards/${card}`)
		await store('POST', `/carts/${cart.id}/gift-cards`, { code: gift_card.code }, token)
	}
	const { payment_collection } = await store('POST', '/payment-collections', { cart_id: cart.id }, token)
	if (payment_collection.amount > 0) {
		await store('POST', `/payment-collections/${payment_collection.id}/payment-sessions`, { provider_id: 'pp_system_default' }, token)
	}
	const done = await store('POST', `/carts/${cart.id}/complete`, {}, token)
	if (done.type !== 'order') throw new Error(`the cart was not completed: ${JSON.stringify(done.error)}`)
	return { order: done.order.id, display_id: done.order.display_id, cart: cart.id, total: done.order.total }
}

const account = async (card) => (await admin('GET', `/gift-cards/${card}?fields=store_credit_account.id,store_credit_account.code`)).gift_card.store_credit_account

const verbs = {
	async buy({ value = 25, ...o }) {
		const order = await checkout('Gift card', `$${value}`, o)
		for (let tries = 0; tries < 20; tries++) {
			const { gift_cards } = await admin('GET', `/gift-cards?reference_id=${order.order}`)
			if (gift_cards.length === Number(o.quantity ?? 1)) return { ...order, cards: gift_cards.map((c) => c.id) }
			await new Promise((done) => setTimeout(done, 250))
		}
		throw new Error(`order ${order.order} made no card`)
	},
	issue: async ({ value, note }) => {
		const { gift_card } = await admin('POST', '/gift-cards', { currency_code: 'usd', value: Number(value), note })
		return { card: gift_card.id, value: gift_card.value }
	},
	redeem: ({ item = 'one', ...o }) => checkout('Mug', item, o),
	refund: async ({ order }) => {
		const { order: { items } } = await admin('GET', `/orders/${order}?fields=items.id`)
		const { order_change } = await admin('POST', '/order-edits', { order_id: order })
		for (const { id } of items) await admin('POST', `/order-edits/${order}/items/item/${id}`, { quantity: 0 })
		await admin('POST', `/order-edits/${order}/request`, {})
		await admin('POST', `/order-edits/${order}/confirm`, {})
		const { order: { summary } } = await admin('GET', `/orders/${order}?fields=summary.*`)
		const body = { amount: summary.pending_difference, reference: 'refund', reference_id: order_change.id }
		const done = await admin('POST', `/orders/${order}/credit-lines?fields=summary.*,credit_lines.*`, body)
		return { order, refunded: -body.amount, credit_lines: done.order.credit_lines?.map(({ id, amount, reference }) => ({ id, amount, reference })) }
	},
	adjust: async ({ card, amount, note }) => {
		const path = `/store-credit-accounts/${(await account(card)).id}/${amount < 0 ? 'debit' : 'credit'}`
		const { store_credit_account: { id, balance } } = await admin('POST', path, { amount: Math.abs(amount), note })
		return { account: id, balance }
	},
	claim: async ({ card }) => {
		const { store_credit_account } = await store('POST', '/store-credit-accounts/claim', { code: (await account(card)).code }, await customer())
		return { from: store_credit_account.id, balance: store_credit_account.balance }
	},
	expire: async ({ card }) => {
		const { gift_card: { id, expires_at } } = await admin('POST', `/gift-cards/${card}`, { expires_at: new Date(Date.now() - 864e5).toISOString() })
		return { card: id, expires_at }
	},
	forward: async (_, what) => {
		if (!['all', 'orders', 'off'].includes(what)) throw new Error('forward all | orders | off')
		writeFileSync(`${dir}/forward`, what + '\n')
		return { forward: what }
	},
	list: async () => {
		const { store_credit_accounts } = await admin('GET', '/store-credit-accounts?limit=1000&fields=id,currency_code,customer_id,balance,transactions.*')
		return store_credit_accounts.map(({ id, customer_id, currency_code, balance, transactions }) => ({ id, customer_id, currency_code, balance,
			transactions: transactions.map((t) => [t.id, t.type, t.raw_amount.value, t.reference, t.reference_id, t.note].join(' ')) }))
	},
}

function options(args) {
	const o = {}
	for (let i = 0; i < args.length; i++) {
		const name = args[i].replace(/^--/, '')
		o[name] = name === 'guest' ? true : args[++i]
	}
	return o
}

const [verb, ...args] = process.argv.slice(2)
if (!verbs[verb]) throw new Error(`verbs: ${Object.keys(verbs).join(', ')}`)
console.log(JSON.stringify(await verbs[verb](args[0]?.startsWith('--') ? options(args) : {}, args[0]), null, 1))
