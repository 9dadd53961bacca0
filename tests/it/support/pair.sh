#!/bin/sh
# Two PostgreSQL servers for one test, the second one following the first synchronously; gone when standard input closes. Says
# "ready FOLDER" (the sockets are in FOLDER/one and FOLDER/two, the password beside them), "missing", or "failed …". Then it
# obeys: "kill" (the first one, with every process of it), "freeze" (the same, stopped in the middle), "thaw" (the same, going
# on), "promote" (the second one), and says "done" to each.
set -u

binaries=
for place in "$(dirname "$(command -v initdb 2>/dev/null || echo /nowhere/initdb)")" \
    $(ls -d /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin \
        2>/dev/null | sort -rV); do
    if [ -x "$place/initdb" ] && [ -x "$place/pg_basebackup" ]; then
        binaries=$place
        break
    fi
done
if [ -z "$binaries" ]; then
    echo missing
    exit 0
fi

# PostgreSQL refuses to run as root.
if [ "$(id -u)" = 0 ]; then
    user=postgres
    id "$user" >/dev/null 2>&1 || user=nobody
    if command -v setpriv >/dev/null 2>&1; then
        exec setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups sh -c "$(cat "$0")" "$0"
    else
        exec su -s /bin/sh "$user" -c "$(cat "$0")"
    fi
fi

folder=$(mktemp -d /tmp/callahead-pair.XXXXXX) || exit 1
log=$folder/log
cd "$folder" || exit 1
mkdir one two
trap '' INT HUP
umask 077

head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' >password
PGPASSWORD=$(cat password)
export PGPASSWORD

# Starts the server of a folder.
start() {
    "$binaries/pg_ctl" -D "$folder/$1/data" -l "$folder/$1/log" -w -t 60 -s \
        -o "-c listen_addresses='' -k '$folder/$1' -c max_connections=100" start >>"$log" 2>&1
}

# The processes of the server of a folder, the first one first.
processes() {
    main=$(head -n 1 "$folder/$1/data/postmaster.pid" 2>/dev/null) || return 0
    echo "$main" "$(ps -o pid= --ppid "$main" 2>/dev/null || pgrep -P "$main" 2>/dev/null)"
}

ask() {
    "$binaries/psql" -X -q -v ON_ERROR_STOP=1 -h "$folder/one" -U callahead -d postgres -c "$1" >>"$log" 2>&1
}

make() {
    "$binaries/initdb" -D one/data -U callahead --auth=scram-sha-256 --pwfile=password --encoding=UTF8 --locale=C --no-sync \
        --no-instructions >>"$log" 2>&1 &&
        start one &&
        "$binaries/pg_basebackup" -D two/data -X stream -c fast --no-sync -h "$folder/one" -U callahead >>"$log" 2>&1 &&
        echo "primary_conninfo = 'host=$folder/one user=callahead password=$PGPASSWORD application_name=second'" \
            >>two/data/postgresql.auto.conf &&
        touch two/data/standby.signal &&
        start two &&
        ask "ALTER SYSTEM SET synchronous_standby_names = 'second'" &&
        ask "SELECT pg_reload_conf()"
}

if make; then
    chmod 755 .
    echo "ready $folder"
    while read -r order; do
        case $order in
            # shellcheck disable=SC2046 # each is an argument
            kill) kill -9 $(processes one) ;;
            freeze) kill -STOP $(processes one) ;;
            # shellcheck disable=SC2046
            thaw) kill -CONT $(processes one) ;;
            promote) "$binaries/pg_ctl" -D two/data -w -t 60 -s promote ;;
        esac >>"$log" 2>&1
        echo "done"
    done
else
    echo "failed: $(tail -n 5 "$log" one/log two/log 2>/dev/null | tr '\n' ' ')"
fi
# shellcheck disable=SC2046
kill -9 $(processes one) $(processes two) >/dev/null 2>&1
cd / && rm -rf "$folder"
