#!/bin/sh
# A PostgreSQL server for one run of the tests or the benchmark: made, started, and taken away again when standard input closes, which it
# does when its owner ends in whatever way. FSYNC=on keeps what is committed, which only the benchmark needs. Says "ready FOLDER" (socket and password are there), "missing", or "failed …".
set -u

binaries=
for place in "$(dirname "$(command -v initdb 2>/dev/null || echo /nowhere/initdb)")" \
    $(ls -d /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin \
        2>/dev/null | sort -rV); do
    if [ -x "$place/initdb" ] && [ -x "$place/pg_ctl" ]; then
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

folder=$(mktemp -d /tmp/callahead-pg.XXXXXX) || exit 1
log=$folder/log
cd "$folder" || exit 1
trap '' INT HUP

head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$folder/password"
if "$binaries/initdb" -D "$folder/data" -U callahead --auth=scram-sha-256 --pwfile="$folder/password" \
        --encoding=UTF8 --locale=C --no-sync --no-instructions >"$log" 2>&1 &&
    "$binaries/pg_ctl" -D "$folder/data" -l "$log" -w -t 60 -s \
        -o "-c listen_addresses='' -k '$folder' -c fsync=${FSYNC:-off} -c max_connections=200" start >>"$log" 2>&1; then
    echo "ready $folder"
    cat >/dev/null
else
    echo "failed: $(tail -n 5 "$log" | tr '\n' ' ')"
fi
"$binaries/pg_ctl" -D "$folder/data" -m immediate -s stop >/dev/null 2>&1
cd / && rm -rf "$folder"
