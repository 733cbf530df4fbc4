#!/bin/sh
# Starts a real n8n for the live tests. It promises:
#   - everything it writes lies under LIVE_DIR (a new temporary folder unless given), apart from Debian packages;
#   - n8n listens on 127.0.0.1:N8N_PORT (5678) only, its task broker and the stand-in for the ERP (echo.mjs) on the
#     two ports after it, its PostgreSQL on 127.0.0.1:PG_PORT (5461) only;
#   - an owner account and API keys exist; passwords and keys are made here, kept in LIVE_DIR/secrets (mode 0600)
#     and never printed;
#   - no telemetry, version check, banner or template host is asked;
#   - running it again is harmless: what is there stays, what is down is started. down.sh ends it.
# It needs node, npm, and PostgreSQL or root on Debian to install it. The first run takes about five minutes.
set -eu

version=2.8.4 # the newest that runs on Node 20
here=$(cd "$(dirname "$0")" && pwd)
LIVE_DIR=${LIVE_DIR:-$(mktemp -d)}
port=${N8N_PORT:-5678}
pg_port=${PG_PORT:-5461}
umask 077
mkdir -p "$LIVE_DIR/app" "$LIVE_DIR/secrets" "$LIVE_DIR/home"

. "$here/lib.sh"
pg_up "$pg_port" n8n

# No install scripts: they would compile SQLite, which is not used. One dependency comes from outside the npm
# registry; its namesake in the registry takes its place.
if ! grep -q "\"version\": \"$version\"" "$LIVE_DIR/app/node_modules/n8n/package.json" 2>/dev/null; then
	echo '{"private": true, "overrides": {"xlsx": "0.18.5"}}' >"$LIVE_DIR/app/package.json"
	(cd "$LIVE_DIR/app" && npm install --ignore-scripts --no-audit --no-fund --loglevel=error "n8n@$version") \
		>"$LIVE_DIR/install.log" 2>&1
fi

if ! alive n8n; then
	[ ! -f "$here/n8n.env" ] || { set -a; . "$here/n8n.env"; set +a; }
	N8N_PORT=$port N8N_LISTEN_ADDRESS=127.0.0.1 N8N_HOST=127.0.0.1 N8N_RUNNERS_BROKER_PORT=$((port + 1)) \
		N8N_USER_FOLDER=$LIVE_DIR/home DB_TYPE=postgresdb DB_POSTGRESDB_HOST=127.0.0.1 DB_POSTGRESDB_PORT=$pg_port \
		DB_POSTGRESDB_DATABASE=n8n DB_POSTGRESDB_USER=live DB_POSTGRESDB_PASSWORD_FILE=$LIVE_DIR/pg.password \
		setsid node "$LIVE_DIR/app/node_modules/n8n/bin/n8n" start >>"$LIVE_DIR/n8n.log" 2>&1 </dev/null &
	echo $! >"$LIVE_DIR/n8n.pid"
fi
if ! alive echo; then
	ECHO_PORT=$((port + 2)) setsid node "$here/echo.mjs" >>"$LIVE_DIR/echo.log" 2>&1 </dev/null &
	echo $! >"$LIVE_DIR/echo.pid"
fi
LIVE_DIR=$LIVE_DIR N8N_PORT=$port node "$here/account.mjs"

echo "url        http://127.0.0.1:$port (API under /api/v1)"
echo "owner      owner@shop.example, password in $LIVE_DIR/secrets/owner"
echo "API keys   $LIVE_DIR/secrets/api-key (owner's), $LIVE_DIR/secrets/api-key-member (a member without any workflow)"
echo "LIVE_DIR   $LIVE_DIR"
