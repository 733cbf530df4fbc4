#!/usr/bin/env node
// Records what n8n's public API answers: drives the workflow through every way an event can end and writes each call to
// answers/NAME.json as {"request": {method, path, headers, body}, "response": {status, headers, body}}.
// Keys are replaced by fixed words. It is meant for a new LIVE_DIR, restarts n8n, takes five minutes and leaves the workflow posting to the stand-in, published. Environment as drive.mjs.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

const here = new URL('.', import.meta.url).pathname
const port = Number(process.env.N8N_PORT ?? 5678)
const secret = (name) => readFileSync(`${process.env.LIVE_DIR}/secrets/${name}`, 'utf8').trim()
const keys = { owner: secret('api-key'), member: secret('api-key-member'), wrong: 'not-a-key' }
const drive = (...args) => JSON.parse(execFileSync('node', [`${here}/drive.mjs`, ...args.map(String)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
const sleep = (ms) => new Promise((done) => setTimeout(done, ms))

// get records one call and gives the body of the answer.
async function call(name, method, path, { key = 'owner', body } = {}) {
	const headers = key && path.startsWith('/api/') ? { 'X-N8N-API-KEY': keys[key] } : {}
	if (body !== undefined) headers['content-type'] = 'application/json'
	const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers, body: body && JSON.stringify(body) })
	const text = await answer.text()
	const kept = Object.fromEntries([...answer.headers].filter(([h]) => ['content-type', 'content-length', 'retry-after', 'www-authenticate'].includes(h)))
	let json = text
	try {
		json = JSON.parse(text)
	} catch {}
	let file = JSON.stringify({ request: { method, path, headers, body: body ?? null }, response: { status: answer.status, headers: kept, body: json } }, null, 1)
	for (const who of ['owner', 'member']) file = file.replaceAll(keys[who], `key-of-${who}`)
	file = file.replaceAll(process.env.LIVE_DIR, 'LIVE_DIR')
	writeFileSync(`${here}/answers/${name}.json`, file + '\n')
	return json
}
const get = (name, path, options) => call(name, 'GET', '/api/v1' + path, options)

// ran sends one event with the settings given and gives the id of its run: once it has ended, or, for one that will not
// end and that no list shows, by trying the ids after the newest listed.
async function ran(settings, event, ended = true) {
	drive('set', ...settings.split(' '))
	const newest = Math.max(0, ...drive('list').map((r) => Number(r.run)))
	const { event: { id } } = drive('send', ...event.split(' '))
	await sleep(1500)
	for (let tries = 0; ended && tries < 60; tries++, await sleep(500)) {
		const run = drive('list').find((r) => r.event === id)
		if (run) return run.run
	}
	for (let run = newest + 1; !ended && run < newest + 20; run++) {
		try {
			if (drive('show', run).data.resultData.runData['Gift card event']?.[0].data.main[0][0].json.body.id === id) return run
		} catch {}
	}
	throw new Error(`no run of ${id}`)
}

const plain = 'erp=echo/ok filter=off check=on onerror=stop hold=off save=all published=on'
const flow = drive('set', ...plain.split(' ')).id

const delivered = await ran(plain, '--kind load --id ev-load --card tok_1 --order 1001 --amount 50.00')
const filtered = await ran('filter=refund_to_card', '--kind refund_to_card --id ev-filtered --card tok_1 --order 1001 --amount 20.00 --channel pos')
const refused = await ran(`${plain} erp=echo/refuse`, '--id ev-refused')
const unchecked = await ran('check=off', '--id ev-unchecked')
const broken = await ran(`${plain} erp=echo/500`, '--id ev-500')
const denied = await ran('erp=echo/401', '--id ev-401')
const closed = await ran('erp=closed', '--id ev-closed')
const continued = await ran('erp=echo/500 onerror=continue check=off', '--id ev-continued')
const branched = await ran('onerror=branch', '--id ev-branched')
const held = await ran(`${plain} hold=on`, '--id ev-held', false)
const failed = await ran(`${plain} erp=echo/500`, '--id ev-retried')
drive('set', 'erp=echo/ok')
const { id: again } = drive('retry', failed, 'as-it-was')
const { id: retry } = drive('retry', failed)
await sleep(2000)

await get('execution_delivered', `/executions/${delivered}?includeData=true`)
await get('execution_without_data', `/executions/${delivered}`)
await get('execution_filtered', `/executions/${filtered}?includeData=true`)
await get('execution_refused_in_200', `/executions/${refused}?includeData=true`)
await get('execution_refused_in_200_unchecked', `/executions/${unchecked}?includeData=true`)
await get('execution_http_500', `/executions/${broken}?includeData=true`)
await get('execution_http_401', `/executions/${denied}?includeData=true`)
await get('execution_connection_refused', `/executions/${closed}?includeData=true`)
await get('execution_continue_on_error', `/executions/${continued}?includeData=true`)
await get('execution_error_branch', `/executions/${branched}?includeData=true`)
await get('execution_waiting', `/executions/${held}?includeData=true`)
await get('execution_retried', `/executions/${failed}?includeData=true`)
await get('execution_retry_as_it_was', `/executions/${again}?includeData=true`)
await get('execution_retry', `/executions/${retry}?includeData=true`)

await get('executions_success', `/executions?workflowId=${flow}&status=success&includeData=true&limit=2`)
await get('executions_error', `/executions?workflowId=${flow}&status=error&includeData=true&limit=2`)
await get('executions_waiting', `/executions?workflowId=${flow}&status=waiting&includeData=true&limit=2`)
await get('executions_canceled', `/executions?workflowId=${flow}&status=canceled&includeData=true&limit=2`)
await get('executions_no_data', `/executions?workflowId=${flow}&limit=100`)
let page = await get('executions_page1', `/executions?workflowId=${flow}&status=error&limit=3`)
await get('executions_page2_cursor_alone', `/executions?limit=3&cursor=${page.nextCursor}`)
for (let n = 2; page.nextCursor && n < 4; n++) {
	page = await get(`executions_page${n}`, `/executions?workflowId=${flow}&status=error&limit=3&cursor=${page.nextCursor}`)
}
drive('set', 'erp=echo/hang')
drive('send', '--id', 'ev-timeout')
await sleep(1500)
const { data: running } = await get('executions_running', `/executions?workflowId=${flow}&status=running&includeData=true`)
await get('executions_while_one_runs', `/executions?workflowId=${flow}&limit=1`)
const hung = running[0]?.id ?? Number(retry) + 1
await get('execution_running', `/executions/${hung}?includeData=true`)
await sleep(22000)
await get('execution_timeout', `/executions/${hung}?includeData=true`)
await get('executions_unknown_parameter', `/executions?startedAfter=2026-11-01T00:00:00.000Z`)
await get('executions_unknown_status', `/executions?status=crashed`)
await get('executions_limit_too_large', `/executions?limit=1000`)
await get('executions_bad_cursor', `/executions?cursor=nonsense`)
await get('executions_unknown_workflow', `/executions?workflowId=0000000000000000`)
await get('execution_404', '/executions/999999')
await get('execution_id_not_a_number', '/executions/abc')

// execution saving off: the event gets its answer and its posting, and leaves no run
drive('set', ...plain.split(' '), 'save=none')
drive('send', '--id', 'ev-unsaved')
await sleep(4000)
await get('executions_saving_off', `/executions?workflowId=${flow}&limit=2&includeData=true`)
await get('workflow_saving_off', `/workflows/${flow}`)

// a change that is saved and not published: what `nodes` shows is not what runs
drive('set', ...plain.split(' '))
drive('set', 'filter=load', 'published=off')
await get('workflow_unpublished_change', `/workflows/${flow}`)
const unpublished = await ran('published=off', '--kind load --id ev-unpublished')
await get('execution_unpublished_change', `/executions/${unpublished}?includeData=true`)
drive('set', ...plain.split(' '))

await get('workflow', `/workflows/${flow}`)
drive('deactivate')
await get('workflow_inactive', `/workflows/${flow}`)
await call('webhook_inactive', 'POST', '/webhook/gift-card-events', { body: { id: 'ev-lost', kind: 'load' } })
await get('executions_after_inactive', `/executions?workflowId=${flow}&limit=1&includeData=true`)
await get('workflows_active', '/workflows?active=true&limit=250')
drive('activate')
await call('webhook_wrong_method', 'GET', '/webhook/gift-card-events')
await call('webhook_started', 'POST', '/webhook/gift-card-events', { body: { id: 'ev-bare', kind: 'load', card: 'tok_1', amount: '5.00', currency: 'USD', order: '1002', at: '2026-11-24T10:00:00Z', channel: 'web' } })

page = await get('workflows_page1', '/workflows?limit=1')
if (!page.nextCursor) {
	await fetch(`http://127.0.0.1:${port}/api/v1/workflows`, { method: 'POST', headers: { 'X-N8N-API-KEY': keys.owner, 'content-type': 'application/json' },
		body: JSON.stringify({ name: 'Newsletter', nodes: [], connections: {}, settings: {} }) })
	page = await get('workflows_page1', '/workflows?limit=1')
}
await get('workflows_page2', `/workflows?limit=1&cursor=${page.nextCursor}`)
await get('workflows_without_pinned_data', '/workflows?excludePinnedData=true&limit=1')
await get('workflows_limit_too_large', '/workflows?limit=1000')
await get('workflow_404', '/workflows/0000000000000000')

await get('no_key_401', '/workflows', { key: '' })
await get('wrong_key_401', '/executions', { key: 'wrong' })
await get('member_workflows', '/workflows', { key: 'member' })
await get('member_workflow_403', `/workflows/${flow}`, { key: 'member' })
await get('member_executions', '/executions', { key: 'member' })
await get('member_executions_of_workflow', `/executions?workflowId=${flow}`, { key: 'member' })
await get('member_execution', `/executions/${delivered}`, { key: 'member' })
await get('member_users', '/users', { key: 'member' })
await get('licence_403', '/projects')
await get('unknown_path_404', '/discover')
await call('healthz', 'GET', '/healthz')

// the same against a real Tryton, where there is one: booked, and refused inside an HTTP 200 (too many decimals)
if (process.env.TRYTON_DIR) {
	const booked = await ran(`${plain} erp=tryton`, '--id ev-booked --kind load --card tok_n8n --order 7001 --amount 12.34')
	await get('execution_tryton_booked', `/executions/${booked}?includeData=true`)
	const unbooked = await ran('erp=tryton', '--id ev-unbooked --kind load --card tok_n8n --order 7001 --amount 12.345')
	await get('execution_tryton_refused', `/executions/${unbooked}?includeData=true`)
	drive('set', 'erp=echo/ok')
}

// what a crash, a restart and pruning leave
const restart = (signal, settings = {}) => {
	const env = { ...process.env, ...settings }
	process.kill(Number(readFileSync(`${env.LIVE_DIR}/n8n.pid`, 'utf8')), signal)
	execFileSync('sh', ['-c', `. ${here}/lib.sh; stop n8n; ${here}/up.sh`], { env, stdio: 'ignore' })
}
drive('set', 'erp=echo/hang')
drive('send', '--id', 'ev-crashed')
await sleep(2000)
restart('SIGKILL')
await sleep(5000)
await get('executions_error_crashed', `/executions?workflowId=${flow}&status=error&includeData=true&limit=1`)
await get('executions_waiting_after_restart', `/executions?workflowId=${flow}&status=waiting&includeData=true&limit=1`)
drive('set', ...plain.split(' '))
restart('SIGTERM', { EXECUTIONS_DATA_PRUNE_MAX_COUNT: '3', EXECUTIONS_DATA_PRUNE_SOFT_DELETE_INTERVAL: '1' })
await sleep(90000)
await get('executions_pruned', '/executions?limit=100')
await get('execution_pruned_404', `/executions/${delivered}`)
restart('SIGTERM')
