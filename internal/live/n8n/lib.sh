# What the up.sh and down.sh here and in ../medusa share; to be sourced with LIVE_DIR set.
#   alive NAME            is the process running whose id is in $LIVE_DIR/NAME.pid
#   stop NAME             ends it and waits for its end
#   pg_up PORT DATABASE   makes (once) and starts a PostgreSQL cluster of its own under $LIVE_DIR/pg, on
#                         loopback only, and the database; the superuser's password is in
#                         $LIVE_DIR/pg.password (mode 0600) and is never printed
#   pg_down               stops it
# Run as root, it lets Debian's user postgres run the server, which refuses root.

alive() {
	pid=$(cat "$LIVE_DIR/$1.pid" 2>/dev/null) || return 1
	case $(ps -o stat= -p "$pid" 2>/dev/null) in '' | Z*) return 1 ;; esac
}

stop() {
	if alive "$1"; then
		kill "$pid"
		for _ in $(seq 60); do alive "$1" || break; sleep 0.5; done
	fi
	rm -f "$LIVE_DIR/$1.pid"
}

pg_bin() {
	if ! command -v pg_ctl >/dev/null && ! ls /usr/lib/postgresql/*/bin/pg_ctl >/dev/null 2>&1; then
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql >&2
	fi
	dirname "$(command -v pg_ctl || ls /usr/lib/postgresql/*/bin/pg_ctl | tail -n 1)"
}

pg_as() {
	if [ "$(id -u)" = 0 ]; then (cd "$LIVE_DIR/pg" && setpriv --reuid=postgres --regid=postgres --clear-groups "$@"); else "$@"; fi
}

pg_up() {
	bin=$(pg_bin)
	umask 077
	if [ ! -s "$LIVE_DIR/pg.password" ]; then
		head -c 18 /dev/urandom | base64 | tr -d '/+=\n' >"$LIVE_DIR/pg.password"
	fi
	mkdir -p "$LIVE_DIR/pg"
	cp "$LIVE_DIR/pg.password" "$LIVE_DIR/pg/password"
	if [ "$(id -u)" = 0 ]; then chmod 711 "$LIVE_DIR"; chown -R postgres "$LIVE_DIR/pg"; fi
	if [ ! -s "$LIVE_DIR/pg/data/PG_VERSION" ]; then
		pg_as "$bin/initdb" -D "$LIVE_DIR/pg/data" -U live -E UTF8 --locale=C.UTF-8 -A scram-sha-256 \
			--pwfile="$LIVE_DIR/pg/password" >/dev/null
	fi
	rm "$LIVE_DIR/pg/password"
	if ! pg_as "$bin/pg_ctl" -D "$LIVE_DIR/pg/data" status >/dev/null; then
		pg_as "$bin/pg_ctl" -D "$LIVE_DIR/pg/data" -l "$LIVE_DIR/pg/log" -w -s \
			-o "-p $1 -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off" start
	fi
	PGPASSWORD=$(cat "$LIVE_DIR/pg.password") PGHOST=127.0.0.1 PGPORT=$1 PGUSER=live
	export PGPASSWORD PGHOST PGPORT PGUSER
	if [ -z "$(psql -d postgres -Atc "SELECT 1 FROM pg_database WHERE datname = '$2'")" ]; then
		psql -q -d postgres -c "CREATE DATABASE $2"
	fi
}

pg_down() {
	[ ! -d "$LIVE_DIR/pg/data" ] || ! pg_as "$(pg_bin)/pg_ctl" -D "$LIVE_DIR/pg/data" status >/dev/null ||
		pg_as "$(pg_bin)/pg_ctl" -D "$LIVE_DIR/pg/data" -s -m fast stop
}
