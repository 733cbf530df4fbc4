#!/bin/sh
# Starts a real RabbitMQ with its management API for the live tests. It promises:
#   - everything it writes lies under LIVE_DIR (a new temporary folder unless given), apart from Debian packages;
#   - every port is on 127.0.0.1 only: RABBITMQ_PORT (5673) for AMQP, RABBITMQ_HTTP (15673) for the management API,
#     and the two after RABBITMQ_HTTP for Erlang's own use;
#   - no service is started at boot; down.sh ends what was started here;
#   - passwords are made here, one file of mode 0600 per user in LIVE_DIR/secrets, and never printed;
#   - running it again is harmless: what is there stays, what is down is started.
# It must run as root on Debian, because the broker gets a user of its own.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
LIVE_DIR=${LIVE_DIR:-$(mktemp -d)}
amqp=${RABBITMQ_PORT:-5673}
http=${RABBITMQ_HTTP:-15673}
packages=rabbitmq-server

umask 077
mkdir -p "$LIVE_DIR/secrets" "$LIVE_DIR/data" "$LIVE_DIR/log"
LIVE_DIR=$(cd "$LIVE_DIR" && pwd)
if ! dpkg -s $packages >/dev/null 2>&1; then
	guard=/usr/sbin/policy-rc.d # keeps Debian from starting what it installs
	[ -e "$guard" ] || { printf '#!/bin/sh\nexit 101\n' >"$guard" && chmod 755 "$guard" && trap 'rm -f "$guard"' EXIT; }
	DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends $packages >>"$LIVE_DIR/up.log" 2>&1
	systemctl disable rabbitmq-server >/dev/null 2>&1 || true
fi

for user in admin integration probe watcher stranger reader nobody; do
	[ -s "$LIVE_DIR/secrets/$user" ] || head -c 24 /dev/urandom | base64 | tr '+/' 'xy' >"$LIVE_DIR/secrets/$user"
done
cat >"$LIVE_DIR/rabbitmq.conf" <<CONF
listeners.tcp.local = 127.0.0.1:$amqp
management.tcp.ip = 127.0.0.1
management.tcp.port = $http
default_user = admin
default_pass = $(cat "$LIVE_DIR/secrets/admin")
CONF
echo '[rabbitmq_management].' >"$LIVE_DIR/enabled_plugins"
cat >"$LIVE_DIR/env" <<ENV
HOME=$LIVE_DIR
ERL_EPMD_ADDRESS=127.0.0.1
ERL_EPMD_PORT=$((http + 1))
RABBITMQ_DIST_PORT=$((http + 2))
RABBITMQ_NODENAME=gcdiag-$http@localhost
RABBITMQ_CONF_ENV_FILE=$LIVE_DIR/none
RABBITMQ_CONFIG_FILE=$LIVE_DIR/rabbitmq.conf
RABBITMQ_ENABLED_PLUGINS_FILE=$LIVE_DIR/enabled_plugins
RABBITMQ_MNESIA_BASE=$LIVE_DIR/data
RABBITMQ_LOG_BASE=$LIVE_DIR/log
RABBITMQ_PID_FILE=$LIVE_DIR/pid
ENV
chown -R rabbitmq: "$LIVE_DIR"
chmod 700 "$LIVE_DIR"

if ! kill -0 "$(cat "$LIVE_DIR/pid" 2>/dev/null || echo x)" 2>/dev/null; then
	(cd "$LIVE_DIR" && setsid runuser -u rabbitmq -- env $(cat env) \
		RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}' \
		/usr/lib/rabbitmq/bin/rabbitmq-server >>"$LIVE_DIR/log/start" 2>&1 </dev/null &)
fi
export LIVE_DIR RABBITMQ_HTTP="$http"
python3 "$here/layout.py"

echo "url        http://127.0.0.1:$http/api   (amqp 127.0.0.1:$amqp)"
echo "users      admin, integration (writes), probe (monitoring, reads /), watcher (monitoring, / without rights), stranger (monitoring, no vhost),"
echo "           reader (management, vhost other), nobody (no tag); passwords in $LIVE_DIR/secrets/<user>"
echo "LIVE_DIR   $LIVE_DIR"
