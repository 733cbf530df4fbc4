// Gives a new n8n its owner, a member and their API keys, without a browser: over the REST calls that n8n's own
// set-up page uses. Environment: LIVE_DIR, N8N_PORT. Writes LIVE_DIR/secrets/*, mode 0600; prints no secret.
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

const base = `http://127.0.0.1:${process.env.N8N_PORT ?? 5678}/rest`
const dir = `${process.env.LIVE_DIR}/secrets`
const keep = (name, text) => writeFileSync(`${dir}/${name}`, text + '\n', { mode: 0o600 })
const read = (name) => readFileSync(`${dir}/${name}`, 'utf8').trim()
const secret = (name) => {
	if (!existsSync(`${dir}/${name}`)) keep(name, 'Aa1' + randomBytes(18).toString('base64url'))
	return read(name)
}

// call sends one request of the editor's own API and returns the answer's data; cookies go in and come back in `session`.
async function call(method, path, body, session = {}) {
	const headers = { 'content-type': 'application/json', cookie: session.cookie ?? '', 'browser-id': 'live-tests' }
	const answer = await fetch(base + path, { method, headers, body: body && JSON.stringify(body) })
	const text = await answer.text()
	if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 300)}`)
	const cookie = answer.headers.getSetCookie().map((c) => c.split(';')[0]).join('; ')
	if (cookie) session.cookie = cookie
	return JSON.parse(text).data
}

async function settings() {
	for (let tries = 0; tries < 180; tries++) {
		try {
			return await call('GET', '/settings')
		} catch {
			await new Promise((done) => setTimeout(done, 1000))
		}
	}
	throw new Error('n8n does not answer; see n8n.log')
}

async function apiKey(name, session) {
	if (existsSync(`${dir}/${name}`)) return
	const scopes = await call('GET', '/api-keys/scopes', undefined, session)
	const made = await call('POST', '/api-keys', { label: name, expiresAt: null, scopes }, session)
	keep(name, made.rawApiKey)
}

const owner = { email: 'owner@shop.example', password: secret('owner') }
const { userManagement } = await settings()
if (userManagement.showSetupOnFirstLoad) {
	await call('POST', '/owner/setup', { ...owner, firstName: 'Olive', lastName: 'Owner' })
}
const session = {}
await call('POST', '/login', { emailOrLdapLoginId: owner.email, password: owner.password }, session)
await apiKey('api-key', session)

const member = { email: 'member@shop.example', password: secret('member') }
if (!existsSync(`${dir}/api-key-member`)) {
	const [{ user }] = await call('POST', '/invitations', [{ email: member.email, role: 'global:member' }], session)
	const link = new URL(user.inviteAcceptUrl)
	const accept = { firstName: 'Mel', lastName: 'Member', password: member.password }
	if (link.searchParams.has('token')) {
		await call('POST', '/invitations/accept', { ...accept, token: link.searchParams.get('token') })
	} else {
		const q = link.searchParams
		await call('POST', `/invitations/${q.get('inviteeId')}/accept`, { ...accept, inviterId: q.get('inviterId') })
	}
	const theirs = {}
	await call('POST', '/login', { emailOrLdapLoginId: member.email, password: member.password }, theirs)
	await apiKey('api-key-member', theirs)
}
