#!/usr/bin/env node
// Drives the live n8n: lays the workflow "Gift card events", sends it platform events, breaks it, lists what ran.
//
//   set [KEY=VALUE ...]     lays the workflow as the settings say, publishes it and prints the settings (kept in LIVE_DIR):
//     erp=tryton | echo/ok | echo/refuse | echo/500 | echo/401 | echo/hang | closed    whom it posts to
//     filter=off | KIND     the filter node lets that kind of event fall
//     check=on | off        off: a refusal inside an HTTP 200 is not looked at, the run is a success
//     onerror=stop | continue | branch    what the HTTP node does with an error
//     kind=event | WORD     WORD: what it tells the ERP of every event, instead of what the event says of itself
//     hold=off | on         on: a Wait node keeps the event for two days
//     save=all | none       none: successful runs are not kept
//     published=on | off    off: the change is saved as a draft only; what runs is the last published version
//   activate | deactivate
//   send --kind load|redemption|refund_to_card|… [--id I] [--card C] [--amount 50.00] [--currency USD] [--order O] [--at T] [--channel web]
//   list [STATUS]           runs, newest first      show RUN      retry RUN [as-it-was]   (with the present workflow, or the run's own)
//
// Environment: LIVE_DIR, N8N_PORT (5678); for erp=tryton also TRYTON_DIR, TRYTON_PORT (8100), TRYTON_DATABASE (gcdiag).
// Answers are JSON on stdout. No key is ever printed.
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

const dir = process.env.LIVE_DIR
const port = Number(process.env.N8N_PORT ?? 5678)
const here = new URL('.', import.meta.url).pathname
const key = () => readFileSync(`${dir}/secrets/api-key`, 'utf8').trim()

export async function api(method, path, body, headers = { 'X-N8N-API-KEY': key() }) {
	if (body) headers = { ...headers, 'content-type': 'application/json' }
	const answer = await fetch(`http://127.0.0.1:${port}/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) })
	const text = await answer.text()
	if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
	return text && JSON.parse(text)
}

// erp says where events are posted, with which credential, and what ids the ERP gave the things a posting names.
// This and bodies() are the only places that know the ERP.
function erp(target) {
	if (target === 'closed') return { url: 'http://127.0.0.1:9/', journal: 1, company: 1, user: 'echo', password: 'echo' }
	if (target !== 'tryton') return { url: `http://127.0.0.1:${port + 2}/${target}`, journal: 1, company: 1, user: 'echo', password: 'echo' }
	const env = { ...process.env, LIVE_DIR: process.env.TRYTON_DIR, PYTHONDONTWRITEBYTECODE: '1' }
	const ask = `import json; from rpc import Server
with Server() as s: print(json.dumps([s.one("account.statement.journal", [["name", "=", "Gift card feed"]]), s.company]))`
	const [journal, company] = JSON.parse(execFileSync('python3', ['-c', ask], { env, cwd: `${here}/../tryton` }))
	const url = `http://127.0.0.1:${process.env.TRYTON_PORT ?? 8100}/${process.env.TRYTON_DATABASE ?? 'gcdiag'}/`
	return { url, journal, company, user: 'integration', password: readFileSync(`${env.LIVE_DIR}/secrets/integration`, 'utf8').trim() }
}

// bodies gives the JSON-RPC bodies: the first creates a statement with the event as its line, the others book it.
function bodies({ journal, company }, told) {
	const event = '$("Gift card event").item.json.body'
	const kind = told === 'event' ? `(${event}.kind === "refund_to_card" ? "refund" : ${event}.kind)` : JSON.stringify(told)
	// (two closing braces in a row would end an n8n expression)
	const create = `={{ JSON.stringify({id: 1, method: "model.account.statement.create", params: [[{
  name: ${event}.id, number_of_lines: 1, company: ${company}, journal: ${journal},
  date: {__class__: "date", year: +${event}.at.slice(0, 4), month: +${event}.at.slice(5, 7), day: +${event}.at.slice(8, 10)},
  origins: [["create", [{number: ${event}.id,
    date: {__class__: "date", year: +${event}.at.slice(0, 4), month: +${event}.at.slice(5, 7), day: +${event}.at.slice(8, 10)},
    amount: {__class__: "Decimal", decimal: (${event}.kind === "redemption" ? "-" : "") + ${event}.amount},
    description: "gc:" + ${kind} + " event:" + ${event}.id + " order:" + ${event}.order + " card:" + ${event}.card,
    information: {gc_event: ${event}.id, gc_kind: ${kind}, gc_order: ${event}.order, gc_card: ${event}.card} }]]]
}], {company: ${company} }]}) }}`
	const step = (name) => `={{ JSON.stringify({id: 1, method: "model.account.statement.${name}", params: [$("Post to ERP").item.json.body.result, {company: ${company} }]}) }}`
	return { 'Post to ERP': create, 'Apply rules': step('apply_rules'), Validate: step('validate_statement'), 'Book in ERP': step('post') }
}

function build(s, credential, target) {
	const flow = JSON.parse(readFileSync(`${here}/workflow.json`, 'utf8'))
	const node = Object.fromEntries(flow.nodes.map((n) => [n.name, n]))
	node['Wanted kinds'].parameters.conditions.conditions[0].rightValue = s.filter === 'off' ? '' : s.filter
	if (s.hold === 'off') flow.nodes = flow.nodes.filter((n) => n.name !== 'Hold')
	if (s.check === 'off') flow.nodes = flow.nodes.filter((n) => !['ERP refused?', 'Stop'].includes(n.name))
	flow.settings.saveDataSuccessExecution = s.save === 'none' ? 'none' : 'all' // left out, an update would keep the old value
	for (const [name, body] of Object.entries(bodies(target, s.kind))) {
		Object.assign(node[name].parameters, { url: target.url, jsonBody: body })
		node[name].credentials = { httpBasicAuth: credential }
		if (s.onerror !== 'stop') node[name].onError = s.onerror === 'branch' ? 'continueErrorOutput' : 'continueRegularOutput'
	}
	const names = ['Gift card event', 'Wanted kinds', 'Hold', 'Post to ERP', 'Apply rules', 'Validate', 'Book in ERP', 'ERP refused?']
	const chain = names.filter((name) => flow.nodes.includes(node[name]))
	const to = (name) => [{ node: name, type: 'main', index: 0 }]
	flow.connections = Object.fromEntries(chain.slice(1).map((name, i) => [chain[i], { main: [to(name)] }]))
	if (s.check === 'on') flow.connections['ERP refused?'] = { main: [to('Stop')] }
	return flow
}

// draft saves a change as the editor does, over its own calls: the public API publishes every change of an active workflow.
async function draft(old, flow) {
	const base = `http://127.0.0.1:${port}/rest`
	const headers = { 'content-type': 'application/json', 'browser-id': 'live-tests' }
	const password = readFileSync(`${dir}/secrets/owner`, 'utf8').trim()
	const login = await fetch(`${base}/login`, { method: 'POST', headers, body: JSON.stringify({ emailOrLdapLoginId: 'owner@shop.example', password }) })
	headers.cookie = login.headers.getSetCookie()[0].split(';')[0]
	const answer = await fetch(`${base}/workflows/${old.id}`, { method: 'PATCH', headers, body: JSON.stringify({ ...flow, versionId: old.versionId }) })
	if (!answer.ok) throw new Error(`saving a draft: ${answer.status} ${await answer.text()}`)
	return (await answer.json()).data
}

const defaults = { erp: 'echo/ok', filter: 'off', check: 'on', onerror: 'stop', kind: 'event', hold: 'off', save: 'all', published: 'on' }
const kept = `${dir}/settings.json`

async function find() {
	const { data } = await api('GET', '/workflows?name=' + encodeURIComponent('Gift card events'))
	return data.find((w) => w.name === 'Gift card events')
}

async function set(pairs) {
	const s = { ...defaults, ...(existsSync(kept) && JSON.parse(readFileSync(kept, 'utf8'))) }
	for (const pair of pairs) {
		const [name, value] = pair.split('=')
		if (!(name in defaults) || !value) throw new Error(`not a setting: ${pair}`)
		s[name] = value
	}
	const target = erp(s.erp)
	const names = existsSync(`${dir}/credentials.json`) ? JSON.parse(readFileSync(`${dir}/credentials.json`, 'utf8')) : {}
	names[target.user] ??= (({ id, name }) => ({ id, name }))(
		await api('POST', '/credentials', { name: `ERP (${target.user})`, type: 'httpBasicAuth', data: { user: target.user, password: target.password } }),
	)
	writeFileSync(`${dir}/credentials.json`, JSON.stringify(names), { mode: 0o600 })
	const flow = build(s, names[target.user], target)
	const old = await find()
	const { id } = s.published === 'off' ? await draft(old, flow)
		: old ? await api('PUT', `/workflows/${old.id}`, flow) : await api('POST', '/workflows', flow)
	if (s.published === 'on') await api('POST', `/workflows/${id}/activate`)
	writeFileSync(kept, JSON.stringify(s))
	return { id, ...s }
}

async function send(args) {
	const event = { id: 'ev-' + randomUUID().slice(0, 8), kind: 'load', card: 'tok_1', amount: '50.00', currency: 'USD', order: '1001',
		at: new Date().toISOString(), channel: 'web' }
	for (let i = 0; i < args.length; i += 2) {
		const name = args[i].replace(/^--/, '')
		if (!(name in event) || args[i + 1] === undefined) throw new Error(`not a field: ${args[i]}`)
		event[name] = args[i + 1]
	}
	const answer = await fetch(`http://127.0.0.1:${port}/webhook/gift-card-events`, {
		method: 'POST', headers: { 'content-type': 'application/json', 'x-event-id': event.id }, body: JSON.stringify(event) })
	return { event, status: answer.status, answer: await answer.json() }
}

async function list(status) {
	const { data } = await api('GET', `/executions?limit=100&includeData=true${status ? `&status=${status}` : ''}`)
	return data.map((run) => {
		const ran = run.data.resultData.runData
		return { run: run.id, status: run.status, event: ran['Gift card event']?.[0].data.main[0][0].json.body?.id, nodes: Object.keys(ran), why: run.data.resultData.error?.message }
	})
}

const [verb, ...args] = process.argv.slice(2)
const verbs = {
	set: () => set(args),
	activate: async () => (({ id, active }) => ({ id, active }))(await api('POST', `/workflows/${(await find()).id}/activate`)),
	deactivate: async () => (({ id, active }) => ({ id, active }))(await api('POST', `/workflows/${(await find()).id}/deactivate`)),
	send: () => send(args),
	list: () => list(args[0]),
	show: () => api('GET', `/executions/${args[0]}?includeData=true`),
	retry: async () => (({ id, status, retryOf }) => ({ id, status, retryOf }))(await api('POST', `/executions/${args[0]}/retry`, { loadWorkflow: args[1] !== 'as-it-was' })),
}
if (process.argv[1] === new URL(import.meta.url).pathname) {
	if (!verbs[verb]) throw new Error(`verbs: ${Object.keys(verbs).join(', ')}`)
	console.log(JSON.stringify(await verbs[verb](), null, 1))
}
