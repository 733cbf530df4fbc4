#!/bin/sh
# Ends the RabbitMQ that up.sh started in LIVE_DIR, with its port mapper, and nothing else. The data stay; delete the folder to forget them.
set -eu

: "${LIVE_DIR:?set LIVE_DIR to the folder that up.sh printed}"
if [ -s "$LIVE_DIR/pid" ]; then
	pid=$(cat "$LIVE_DIR/pid")
	kill "$pid" 2>/dev/null || true
	for _ in $(seq 120); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.5
	done
	rm -f "$LIVE_DIR/pid"
fi
[ ! -s "$LIVE_DIR/env" ] || env $(cat "$LIVE_DIR/env") epmd -kill >/dev/null 2>&1 || true
echo "RabbitMQ in $LIVE_DIR is down"
