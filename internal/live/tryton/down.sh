#!/bin/sh
# Ends the Tryton server and the PostgreSQL that up.sh started in LIVE_DIR, and nothing else. The data stay; delete the folder to forget them.
set -eu

: "${LIVE_DIR:?set LIVE_DIR to the folder that up.sh printed}"
if [ -s "$LIVE_DIR/trytond.pid" ]; then
	kill "$(cat "$LIVE_DIR/trytond.pid")" 2>/dev/null || true
	rm -f "$LIVE_DIR/trytond.pid"
fi
pg=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
if [ -s "$LIVE_DIR/pg/postmaster.pid" ]; then
	runuser -u tryton -- "$pg/pg_ctl" -D "$LIVE_DIR/pg" -m fast -w stop >/dev/null
fi
echo "Tryton in $LIVE_DIR is down"
