#!/bin/sh
# Ends what up.sh started under LIVE_DIR. The data stays; delete LIVE_DIR to forget it.
set -eu
: "${LIVE_DIR:?the folder that up.sh printed}"
. "$(dirname "$0")/lib.sh"
stop n8n
stop echo
pg_down
