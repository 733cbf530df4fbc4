#!/bin/sh
# Starts a real Tryton ERP for the live tests. It promises:
#   - everything it writes lies under LIVE_DIR (a new temporary folder unless given), apart from Debian packages;
#   - the server listens on 127.0.0.1:TRYTON_PORT (8100) only, its PostgreSQL on a Unix socket in LIVE_DIR only;
#   - no service is started at boot; down.sh ends what was started here;
#   - passwords are made here, one file of mode 0600 per user in LIVE_DIR/secrets, and never printed;
#   - running it again is harmless: what is there stays, what is down is started.
# It must run as root on Debian, because PostgreSQL refuses to run as root and the server gets a user of its own.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
LIVE_DIR=${LIVE_DIR:-$(mktemp -d)}
port=${TRYTON_PORT:-8100}
database=${TRYTON_DATABASE:-gcdiag}
packages='tryton-server tryton-modules-account tryton-modules-account-statement tryton-modules-account-statement-rule
	postgresql python3-psycopg2 python3-bcrypt python3-tz'

umask 077
mkdir -p "$LIVE_DIR/secrets" "$LIVE_DIR/files" "$LIVE_DIR/www" "$LIVE_DIR/run"
LIVE_DIR=$(cd "$LIVE_DIR" && pwd)
log=$LIVE_DIR/up.log
if ! dpkg -s $packages >/dev/null 2>&1; then
	guard=/usr/sbin/policy-rc.d # keeps Debian from starting what it installs
	[ -e "$guard" ] || { printf '#!/bin/sh\nexit 101\n' >"$guard" && chmod 755 "$guard" && trap 'rm -f "$guard"' EXIT; }
	services=
	for service in tryton-server postgresql; do dpkg -s "$service" >/dev/null 2>&1 || services="$services $service"; done
	DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends $packages >>"$log" 2>&1
	[ -z "$services" ] || systemctl disable $services >/dev/null 2>&1 || true
fi

for user in admin integration probe norights foreign; do # 24 different characters: Tryton refuses repetition
	[ -s "$LIVE_DIR/secrets/$user" ] || python3 -c 'import random, string
print("".join(random.SystemRandom().sample(string.ascii_letters + string.digits, 24)))' >"$LIVE_DIR/secrets/$user"
done
cat >"$LIVE_DIR/trytond.conf" <<CONF
[web]
listen = 127.0.0.1:$port
root = $LIVE_DIR/www
[database]
uri = postgresql://
path = $LIVE_DIR/files
CONF
chown -R tryton: "$LIVE_DIR"
chmod 700 "$LIVE_DIR"

# as runs a command as the server's own user, in the data folder, with the database's socket at hand.
as() { (cd "$LIVE_DIR" && runuser -u tryton -- env HOME="$LIVE_DIR" PGHOST="$LIVE_DIR/run" TRYTONPASSFILE="$LIVE_DIR/secrets/admin" "$@"); }
pg=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)

[ -s "$LIVE_DIR/pg/PG_VERSION" ] || as "$pg/initdb" -D "$LIVE_DIR/pg" -A peer -E UTF8 --locale=C.UTF-8 >>"$log"
as "$pg/pg_ctl" -D "$LIVE_DIR/pg" status >/dev/null ||
	as "$pg/pg_ctl" -D "$LIVE_DIR/pg" -w -l "$LIVE_DIR/pg.log" -o "-c listen_addresses= -c fsync=off -k $LIVE_DIR/run" start >>"$log"
if ! as psql -d template1 -Atc "select 1 from pg_database where datname='$database'" | grep -q 1; then
	as createdb "$database"
fi
if ! as psql -d "$database" -Atc "select state from ir_module where name='account_statement_rule'" 2>/dev/null | grep -q activated; then
	as trytond-admin -c "$LIVE_DIR/trytond.conf" -d "$database" --email admin@example.com \
		-u account_statement_rule --activate-dependencies >>"$log" 2>&1
fi

if ! kill -0 "$(cat "$LIVE_DIR/trytond.pid" 2>/dev/null || echo x)" 2>/dev/null; then
	(cd "$LIVE_DIR" && HOME=$LIVE_DIR PGHOST=$LIVE_DIR/run setsid runuser -u tryton -- \
		trytond -c "$LIVE_DIR/trytond.conf" -d "$database" -vv --pidfile "$LIVE_DIR/trytond.pid" >>"$LIVE_DIR/trytond.log" 2>&1 </dev/null &)
fi
export LIVE_DIR TRYTON_PORT="$port" TRYTON_DATABASE="$database"
python3 "$here/books.py"

echo "url        http://127.0.0.1:$port/$database/"
echo "database   $database"
echo "users      admin, integration (posts), probe (reads), norights, foreign (no company); passwords in $LIVE_DIR/secrets/<user>"
echo "LIVE_DIR   $LIVE_DIR"
