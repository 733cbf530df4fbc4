// A stand-in for the ERP on loopback: answers any JSON-RPC request as the last part of the URL says. For tests of
// the integration layer alone. Environment: ECHO_PORT.
//   /…/ok        {"result": [n]}               /…/refuse  HTTP 200 with a JSON-RPC error, as Tryton refuses
//   /…/500       HTTP 500 with a text          /…/401     HTTP 401
//   /…/hang      no answer for ten minutes
import { createServer } from 'node:http'

let made = 0
createServer((request, response) => {
	let text = ''
	request.on('data', (part) => (text += part))
	request.on('end', () => {
		let id = null
		try {
			id = JSON.parse(text).id
		} catch {}
		const say = (status, body) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
		switch (request.url.split('/').pop()) {
			case 'refuse':
				return say(200, { id, error: ['UserError', ['The period is closed.', '']] })
			case '500':
				return say(500, { message: 'internal error' })
			case '401':
				return say(401, { message: 'login failed' })
			case 'hang':
				return setTimeout(() => say(200, { id, result: [++made] }), 600_000)
			default:
				return say(200, { id, result: [++made] })
		}
	})
}).listen(Number(process.env.ECHO_PORT), '127.0.0.1')
