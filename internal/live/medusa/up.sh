#!/bin/sh
# Starts a real Medusa shop with the loyalty plugin (gift cards, store credit) for the live tests. It promises:
#   - everything it writes lies under LIVE_DIR (a new temporary folder unless given), apart from Debian packages;
#   - Medusa listens on 127.0.0.1:MEDUSA_PORT (9000) only, its PostgreSQL on 127.0.0.1:PG_PORT (5462) only;
#   - an admin, a secret API key, a shop with two gift card products and a mug, and a customer exist; passwords and keys
#     are made here, kept in LIVE_DIR/secrets (mode 0600) and never printed;
#   - telemetry is off, the admin's pages are not built;
#   - running it again is harmless: what is there stays, what is down is started. down.sh ends it.
# Gift card events go to WEBHOOK_URL (the flow of ../n8n at its usual port); see shop/src/subscribers/forward.js.
# It needs node, npm, and PostgreSQL or root on Debian to install it. The first run takes about four minutes.
set -eu

version=2.21.1
here=$(cd "$(dirname "$0")" && pwd)
LIVE_DIR=${LIVE_DIR:-$(mktemp -d)}
port=${MEDUSA_PORT:-9000}
pg_port=${PG_PORT:-5462}
umask 077
mkdir -p "$LIVE_DIR/app" "$LIVE_DIR/secrets"

. "$here/../n8n/lib.sh"
pg_up "$pg_port" medusa

if ! grep -q "\"version\": \"$version\"" "$LIVE_DIR/app/node_modules/@medusajs/medusa/package.json" 2>/dev/null; then
	echo '{"name": "shop", "private": true}' >"$LIVE_DIR/app/package.json"
	(cd "$LIVE_DIR/app" && npm install --ignore-scripts --no-audit --no-fund --loglevel=error @swc/core@1 \
		"@medusajs/medusa@$version" "@medusajs/framework@$version" "@medusajs/cli@$version" "@medusajs/loyalty-plugin@$version") \
		>"$LIVE_DIR/install.log" 2>&1
fi
for name in admin customer jwt cookie; do
	[ -s "$LIVE_DIR/secrets/$name" ] || head -c 18 /dev/urandom | base64 | tr '+/' 'xy' >"$LIVE_DIR/secrets/$name"
done

export LIVE_DIR NODE_ENV=production MEDUSA_DISABLE_TELEMETRY=true DATABASE_URL="postgres://live:$PGPASSWORD@127.0.0.1:$pg_port/medusa" \
	JWT_SECRET="$(cat "$LIVE_DIR/secrets/jwt")" COOKIE_SECRET="$(cat "$LIVE_DIR/secrets/cookie")" \
	WEBHOOK_URL="${WEBHOOK_URL:-http://127.0.0.1:5678/webhook/gift-card-events}"
cd "$LIVE_DIR/app"
if ! alive medusa; then
	rm -rf src && cp -r "$here/shop/." .
	npx medusa db:migrate >"$LIVE_DIR/migrate.log" 2>&1
	[ -s "$LIVE_DIR/secrets/api-key" ] || npx medusa exec ./src/scripts/seed.js >"$LIVE_DIR/seed.log" 2>&1
	setsid node node_modules/.bin/medusa start --host 127.0.0.1 --port "$port" >>"$LIVE_DIR/medusa.log" 2>&1 </dev/null &
	echo $! >"$LIVE_DIR/medusa.pid"
fi
for _ in $(seq 120); do
	node -e "fetch('http://127.0.0.1:$port/health').then((a) => process.exit(a.ok ? 0 : 1), () => process.exit(1))" && break
	alive medusa || { echo "Medusa ended; see $LIVE_DIR/medusa.log" >&2; exit 1; }
	sleep 1
done

echo "url        http://127.0.0.1:$port"
echo "admin      admin@shop.example, password in $LIVE_DIR/secrets/admin"
echo "API key    $LIVE_DIR/secrets/api-key (secret), $LIVE_DIR/secrets/publishable-key (for the storefront)"
echo "customer   customer@shop.example, password in $LIVE_DIR/secrets/customer"
echo "LIVE_DIR   $LIVE_DIR"
