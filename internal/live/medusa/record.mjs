#!/usr/bin/env node
// Records what Medusa's admin API answers: lets cards be sold, issued, spent, refunded and claimed, then writes each call to
// answers/NAME.json as {"request": {method, path, headers, body}, "response": {status, headers, body}}. Keys, passwords,
// tokens and card codes are replaced by fixed words. It is meant for a new LIVE_DIR. Environment as drive.mjs.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

const here = new URL('.', import.meta.url).pathname
const base = `http://127.0.0.1:${process.env.MEDUSA_PORT ?? 9000}`
const secret = (name) => readFileSync(`${process.env.LIVE_DIR}/secrets/${name}`, 'utf8').trim()
const drive = (...args) => JSON.parse(execFileSync('node', [`${here}/drive.mjs`, ...args], { encoding: 'utf8' }))

const masks = [[secret('api-key'), 'key-of-gcdiag'], [Buffer.from(secret('api-key') + ':').toString('base64'), Buffer.from('key-of-gcdiag:').toString('base64')],
	[secret('publishable-key'), 'key-of-storefront'], [secret('admin'), 'password-of-admin'], [secret('customer'), 'password-of-customer']]
const codes = []
const code = (text) => {
	if (!codes.includes(text)) codes.push(text)
	return text.replace(/-.*/, '-TEST-CODE-' + String(codes.indexOf(text) + 1).padStart(4, '0'))
}

async function call(name, method, path, { auth = 'Basic ' + secret('api-key'), headers = {}, body } = {}) {
	const sent = { ...headers, ...(auth && { authorization: auth }), ...(body && { 'content-type': 'application/json' }) }
	const answer = await fetch(base + path, { method, headers: sent, body: body && JSON.stringify(body) })
	const text = await answer.text()
	const kept = Object.fromEntries([...answer.headers].filter(([h]) => ['content-type', 'content-length', 'retry-after', 'www-authenticate'].includes(h)))
	let json = text
	try {
		json = JSON.parse(text)
	} catch {}
	if (json.token && path.startsWith('/auth')) masks.push([json.token, `token-of-${path.split('/')[2]}`])
	let file = JSON.stringify({ request: { method, path, headers: sent, body: body ?? null }, response: { status: answer.status, headers: kept, body: json } }, null, 1)
	for (const [from, to] of masks) file = file.replaceAll(from, to)
	file = file.replace(/\b(GIFT|SC)(-[A-Z0-9]{4}){4}\b/g, code)
	writeFileSync(`${here}/answers/${name}.json`, file + '\n')
	return json
}
const get = (name, path, options) => call(name, 'GET', '/admin' + path, options)

// what happens in the shop
drive('forward', 'all')
const sold = drive('buy', '--value', '50', '--quantity', '2')
const [first] = sold.cards
const byHand = drive('issue', '--value', '30.55', '--note', 'goodwill').card
const paid = drive('redeem', '--card', first)
drive('redeem', '--card', byHand, '--item', 'pair')
drive('refund', '--order', paid.order)
drive('adjust', '--card', first, '--amount', '7.01', '--note', 'sorry')
drive('adjust', '--card', first, '--amount', '-1')
const claimed = drive('issue', '--value', '12.25').card
drive('claim', '--card', claimed)
const odd = drive('issue', '--value', '10.005').card
drive('forward', 'off')
const unheard = drive('buy', '--value', '25').cards[0]
drive('forward', 'all')

// who may ask
const key = secret('api-key')
await get('auth_basic_key', '/gift-cards?limit=1')
await get('auth_basic_base64', '/gift-cards?limit=1', { auth: 'Basic ' + Buffer.from(key + ':').toString('base64') })
await get('auth_bearer_key_401', '/gift-cards', { auth: 'Bearer ' + key })
await get('auth_none_401', '/gift-cards', { auth: '' })
await get('auth_wrong_key_401', '/gift-cards', { auth: 'Basic sk_0000' })
await get('auth_publishable_key_401', '/gift-cards', { auth: 'Basic ' + secret('publishable-key') })
const { token } = await call('auth_login', 'POST', '/auth/user/emailpass', { auth: '', body: { email: 'admin@shop.example', password: secret('admin') } })
await call('auth_login_wrong_password_401', 'POST', '/auth/user/emailpass', { auth: '', body: { email: 'admin@shop.example', password: 'wrong' } })
await get('auth_bearer_token', '/gift-cards?limit=1', { auth: 'Bearer ' + token })
const { token: customer } = await call('auth_login_customer', 'POST', '/auth/customer/emailpass', { auth: '', body: { email: 'customer@shop.example', password: secret('customer') } })
await get('auth_customer_token_401', '/gift-cards', { auth: 'Bearer ' + customer })

// cards
await get('gift_cards', '/gift-cards')
await get('gift_cards_page1', '/gift-cards?limit=2&offset=0')
await get('gift_cards_page2', '/gift-cards?limit=2&offset=2')
await get('gift_cards_after_last', '/gift-cards?limit=2&offset=100')
await get('gift_cards_ordered', '/gift-cards?limit=3&order=created_at')
await get('gift_cards_ordered_newest_first', '/gift-cards?limit=3&order=-created_at')
await get('gift_cards_limit_large', '/gift-cards?limit=100000')
await get('gift_cards_limit_zero', '/gift-cards?limit=0')
await get('gift_cards_of_order', `/gift-cards?reference_id=${sold.order}`)
await get('gift_cards_created_since', '/gift-cards?created_at[$gte]=2026-01-01T00:00:00Z&created_at[$lt]=2036-01-01T00:00:00Z&limit=1')
await get('gift_cards_created_since_future', '/gift-cards?created_at[$gte]=2036-01-01T00:00:00Z')
await get('gift_cards_bad_date', '/gift-cards?created_at[$gte]=yesterday')
await get('gift_cards_unknown_parameter_400', '/gift-cards?since=2026-11-01')
await get('gift_cards_customer_id', '/gift-cards?customer_id=cus_1')
await get('gift_cards_raw_value', '/gift-cards?fields=id,value,raw_value&limit=5')
await get('gift_cards_unknown_field', '/gift-cards?fields=id,nonsense&limit=1')
await get('gift_cards_with_transactions', '/gift-cards?fields=%2Bstore_credit_account.*,%2Bstore_credit_account.transactions.*')
await get('gift_cards_with_transactions_page1', '/gift-cards?limit=2&offset=0&order=created_at&fields=id,currency_code,value,raw_value,reference,reference_id,created_at,expires_at,note,store_credit_account.id,store_credit_account.transactions.*')
await get('gift_cards_with_transactions_page2', '/gift-cards?limit=2&offset=2&order=created_at&fields=id,currency_code,value,raw_value,reference,reference_id,created_at,expires_at,note,store_credit_account.id,store_credit_account.transactions.*')
await get('gift_card', `/gift-cards/${first}`)
await get('gift_card_three_decimals', `/gift-cards/${odd}?fields=id,value,raw_value`)
drive('expire', '--card', byHand)
await get('gift_card_expired', `/gift-cards/${byHand}?fields=id,status,expires_at,updated_at,store_credit_account.balance,store_credit_account.transactions.*`)
await get('gift_card_404', '/gift-cards/gcard_0')
await get('gift_card_orders', `/gift-cards/${first}/orders`)
await call('gift_card_value_too_small_400', 'POST', '/admin/gift-cards', { body: { currency_code: 'usd', value: 0.5 } })

// accounts and their movements
const { store_credit_accounts: accounts } = await get('store_credit_accounts', '/store-credit-accounts')
await get('store_credit_accounts_page1', '/store-credit-accounts?limit=3&offset=0&order=created_at')
await get('store_credit_accounts_page2', '/store-credit-accounts?limit=3&offset=3&order=created_at')
const ledger = 'id,currency_code,customer_id,created_at,updated_at,gift_cards.id,gift_cards.reference,gift_cards.reference_id,gift_cards.expires_at,gift_cards.note,transactions.*'
await get('ledger_page1', `/store-credit-accounts?limit=4&offset=0&order=id&fields=${ledger}`)
await get('ledger_page2', `/store-credit-accounts?limit=4&offset=4&order=id&fields=${ledger}`)
await get('ledger_updated_since', `/store-credit-accounts?updated_at[$gte]=${new Date(Date.now() - 1000).toISOString()}&fields=id,updated_at`)
await get('store_credit_accounts_unknown_relation', '/store-credit-accounts?limit=1&fields=id,gift_card.id')
await get('store_credit_accounts_of_currency', '/store-credit-accounts?currency_code=usd&limit=1')
await get('store_credit_accounts_unknown_parameter_400', '/store-credit-accounts?code=SC-1')
const card = await get('gift_card_account', `/gift-cards/${first}?fields=id,store_credit_account.id`)
const account = card.gift_card.store_credit_account.id
await call('adjust_as_user', 'POST', `/admin/store-credit-accounts/${account}/credit`, { auth: 'Bearer ' + token, body: { amount: 0.1, note: 'by a person' } })
await call('debit_too_much_400', 'POST', `/admin/store-credit-accounts/${account}/debit`, { body: { amount: 100000 } })
await get('store_credit_account', `/store-credit-accounts/${account}`)
await get('store_credit_account_404', '/store-credit-accounts/sc_acc_0')
await get('transactions', `/store-credit-accounts/${account}/transactions`)
await get('transactions_page1', `/store-credit-accounts/${account}/transactions?limit=2&offset=0&order=created_at`)
await get('transactions_page2', `/store-credit-accounts/${account}/transactions?limit=2&offset=2&order=created_at`)
await get('transactions_raw_amount', `/store-credit-accounts/${account}/transactions?fields=id,amount,raw_amount,type,reference,reference_id,account_id,account.currency_code&order=created_at`)
await get('transactions_created_since', `/store-credit-accounts/${account}/transactions?created_at[$gte]=2036-01-01T00:00:00Z`)
await get('transactions_of_customer', `/store-credit-accounts/${accounts.find((a) => a.customer_id).id}/transactions?order=created_at`)
await get('transactions_of_claimed', `/store-credit-accounts/${(await get('gift_card_claimed', `/gift-cards/${claimed}?fields=%2Bstore_credit_account.*`)).gift_card.store_credit_account.id}/transactions`)
await get('transactions_of_unknown_account', '/store-credit-accounts/sc_acc_0/transactions')
await get('gift_card_unheard', `/gift-cards/${unheard}?fields=%2Bstore_credit_account.transactions.*`)

// orders
await get('orders_bad_date', '/orders?created_at[$gte]=yesterday&fields=id,created_at&limit=1')
const fields = 'id,display_id,status,payment_status,created_at,currency_code,total,email,customer_id,sales_channel.name,cart.id,credit_lines.*,gift_cards.id,summary.*'
await get('orders', '/orders?limit=1')
await get('orders_page1', `/orders?limit=2&offset=0&order=created_at&fields=${fields}`)
await get('orders_page2', `/orders?limit=2&offset=2&order=created_at&fields=${fields}`)
await get('orders_newest_first', '/orders?order=-created_at&fields=id,display_id,created_at')
await get('orders_default_order', '/orders?fields=id,display_id,created_at')
await get('orders_created_since', '/orders?created_at[$gte]=2026-01-01T00:00:00Z&fields=id,display_id&limit=1')
await get('order_paid_by_card_and_refunded', `/orders/${paid.order}?fields=${fields}`)
await get('order_of_cards', `/orders/${sold.order}?fields=${fields},items.id,items.title,items.quantity,items.unit_price,items.is_giftcard`)
await get('orders_unknown_parameter', '/orders?since=2026-11-01')
await get('order_404', '/orders/order_0')

// what there is about events and the shop itself
await get('plugins', '/plugins')
await get('stores', '/stores')
await get('workflow_executions', '/workflows-executions?limit=5&fields=id,workflow_id,state,created_at')
await get('webhooks_404', '/webhooks')
await get('unknown_path_404', '/nonsense')
await call('health', 'GET', '/health', { auth: '' })
await call('store_without_key_400', 'GET', '/store/products', { auth: '' })
