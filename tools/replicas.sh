#!/bin/bash
# Starts the arrangement of docker-compose.yml from Debian's packages (postgresql, haproxy) instead of containers: PostgreSQL, N
# replicas that are started again when they die, the proxy before them, the simulated telephone network. Loopback addresses only.
#
#   tools/replicas.sh start [OPTIONS]   until `stop`; says where everything is, a line each, and `ready` at the end
#   tools/replicas.sh run [OPTIONS]     the same until standard input ends or it is told to stop
#   tools/replicas.sh stop FOLDER       ends what was started there, by its process ids, and nothing else
#
#   --folder FOLDER    keep everything there, the database too, and leave it there; else in a new one that goes with `stop`
#   --replicas N       how many, 1 to 4 (2)
#   --binary FILE      the program; else target/release/callahead, target/debug/callahead, or the one in PATH
#   --config FILE      its configuration (deploy/callahead.toml)
#   --port P           the proxy's port; telephones P+1, PostgreSQL P+2, replicas from P+3 on; else free ones
#   --speed X          how much faster than the world telephones ring and people speak (1)
#   --seed S, --faults LIST   of the telephones
#   FSYNC=off          PostgreSQL keeps nothing through a power cut; for tests
#
# In the folder: `environment`, to be sourced (callahead's commands then work on this arrangement), *.pid, *.log, secrets/.
# Says "missing WHAT" where PostgreSQL or HAProxy is not installed, "failed: WHY" where something does not start.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)

fail() {
    echo "failed: $*"
    exit 1
}

# -- processes: a pid is kept with the moment it began, so that one that somebody else has now is not taken for ours

began() { # PID
    local stat
    { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
    read -ra stat <<<"${stat##*) }"
    # A zombie is gone, though nobody has waited for it yet.
    [ "${stat[0]}" != Z ] && echo "${stat[19]}"
}

note() { # NAME PID
    echo "$2 $(began "$2" || echo gone)" >"$folder/$1.pid.new"
    mv "$folder/$1.pid.new" "$folder/$1.pid"
}

pid_of() { # NAME
    local pid start
    { read -r pid start <"$folder/$1.pid"; } 2>/dev/null || return 1
    [ "$(began "$pid")" = "$start" ] && echo "$pid"
}

signal() { # SIGNAL NAME
    local pid
    ! pid=$(pid_of "$2") || kill "-$1" "$pid" 2>/dev/null || true
}

gone() { ! pid_of "$1" >/dev/null; }

# Waits for the end of what was asked to end. What does not end is killed.
see_off() { # NAME
    until_it_does 10 gone "$1" || signal KILL "$1"
    rm -f "$folder/$1.pid"
}

until_it_does() { # SECONDS COMMAND...
    local tries=$(($1 * 20))
    shift
    while ! "$@" 2>/dev/null; do
        [ "$((tries--))" -gt 0 ] || return 1
        sleep 0.05
    done
}

# -- ports

nobody_listens() { # PORT
    ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

free_port() { # below those that the system gives to whoever asks for any
    local port
    while :; do
        port=$((RANDOM % 16000 + 12000))
        [[ " $taken " != *" $port "* ]] && nobody_listens "$port" && break
    done
    taken+=" $port"
    found=$port
}

take_port() { # NTH: of those that were given, or a free one
    if [ -z "$first_port" ]; then
        free_port
        return
    fi
    found=$((first_port + $1))
    nobody_listens "$found" || fail "port $found is taken: choose another --port"
}

answers() { # PORT PATH
    (
        exec 3<>"/dev/tcp/127.0.0.1/$1"
        printf 'GET %s HTTP/1.0\r\n\r\n' "$2" >&3
        read -r -t 5 line <&3
        [[ $line == *" 200 "* ]]
    )
}

# -- what is installed

find_postgres() {
    for postgres in "$(dirname "$(command -v initdb || echo /nowhere/initdb)")" $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV); do
        if [ -x "$postgres/initdb" ] && [ -x "$postgres/postgres" ] && [ -x "$postgres/pg_isready" ] && [ -x "$postgres/createdb" ]; then
            return 0
        fi
    done
    return 1
}

find_binary() {
    for binary in "$here/target/release/callahead" "$here/target/debug/callahead" "$(command -v callahead || true)"; do
        [ ! -x "$binary" ] || return 0
    done
    fail "there is no program yet: cargo build --release, or give its --binary"
}

# -- the parts

# PostgreSQL refuses to run as root, and a proxy need not.
servant=()
if [ "$(id -u)" = 0 ]; then
    servant_name=postgres
    id "$servant_name" >/dev/null 2>&1 || servant_name=nobody
    servant=(setpriv --reuid "$servant_name" --regid "$(id -g "$servant_name")" --clear-groups)
fi

make_secret() { # NAME
    [ -s "$folder/secrets/$1" ] || head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$folder/secrets/$1"
}

start_postgres() {
    local of=$folder/postgres fresh=
    if [ ! -d "$of" ]; then
        mkdir -m 700 "$of"
        if [ ${#servant[@]} -gt 0 ]; then chown "$servant_name" "$of"; fi
    fi
    "${servant[@]}" test -w "$of" || fail "PostgreSQL does not run as root, and its user cannot reach $folder: choose another --folder"
    if ! "${servant[@]}" test -d "$of/data"; then
        fresh=yes
        "${servant[@]}" sh -c "umask 077; cat >$of/word" <"$folder/secrets/postgres_password"
        "${servant[@]}" "$postgres/initdb" -D "$of/data" -U callahead --auth=scram-sha-256 --pwfile="$of/word" --encoding=UTF8 \
            --locale=C --no-instructions $([ "${FSYNC:-on}" = on ] || echo --no-sync) >>"$folder/postgres.log" 2>&1 ||
            fail "initdb: $(tail -n 3 "$folder/postgres.log")"
        "${servant[@]}" rm "$of/word"
    fi
    "${servant[@]}" "$postgres/postgres" -D "$of/data" -c listen_addresses=127.0.0.1 -c "port=$pg_port" -c max_connections=200 \
        -c unix_socket_directories= -c "fsync=${FSYNC:-on}" </dev/null >>"$folder/postgres.log" 2>&1 &
    note postgres $!
    until_it_does 60 "$postgres/pg_isready" -q -h 127.0.0.1 -p "$pg_port" -U callahead ||
        fail "PostgreSQL does not answer: $(tail -n 3 "$folder/postgres.log")"
    if [ -n "$fresh" ]; then
        (
            umask 077
            echo "127.0.0.1:$pg_port:*:callahead:$(<"$folder/secrets/postgres_password")" >"$folder/secrets/pgpass"
        )
        PGPASSFILE=$folder/secrets/pgpass "$postgres/createdb" -h 127.0.0.1 -p "$pg_port" -U callahead -T template0 callahead \
            >>"$folder/postgres.log" 2>&1 || fail "the database was not made: $(tail -n 3 "$folder/postgres.log")"
        rm "$folder/secrets/pgpass"
    fi
    echo "postgres pid $(pid_of postgres) port $pg_port"
}

# The variables are those of docker-compose.yml.
write_environment() {
    {
        for name in "${!CALLAHEAD_@}"; do echo "unset $name"; done
        printf 'export %s=%q\n' \
            CALLAHEAD_CONFIG "$config" \
            CALLAHEAD_SERVER__PUBLIC_URL "http://127.0.0.1:$proxy_port" \
            CALLAHEAD_STORE__URL "postgres://callahead@127.0.0.1:$pg_port/callahead" \
            CALLAHEAD_STORE__PASSWORD "{ file = \"$folder/secrets/postgres_password\" }" \
            CALLAHEAD_CARRIERS__MAIN__API_URL "http://127.0.0.1:$telephones_port" \
            CALLAHEAD_CARRIERS__MAIN__AUTH_TOKEN "{ file = \"$folder/secrets/carrier_token\" }"
        if [ "$config" = "$here/deploy/callahead.toml" ]; then
            printf 'export %s=%q\n' CALLAHEAD_PROMPTS "$here/prompts" CALLAHEAD_SCHEDULES "$here/schedules"
        fi
    } >"$folder/environment"
    # shellcheck disable=SC1091
    . "$folder/environment"
}

start_telephones() {
    "$binary" carrier-simulator --listen "127.0.0.1:$telephones_port" --token-file "$folder/secrets/carrier_token" \
        --speed "$speed" --seed "$seed" --faults "$faults" </dev/null >>"$folder/telephones.log" 2>&1 &
    note telephones $!
    until_it_does 30 "$binary" health --listens "127.0.0.1:$telephones_port" ||
        fail "the telephones do not answer: $(tail -n 3 "$folder/telephones.log")"
    echo "telephones pid $(pid_of telephones) port $telephones_port"
}

# One replica, again and again, as `restart: unless-stopped` does.
keep_replica() { # N
    trap - EXIT TERM INT HUP
    while [ ! -e "$folder/stopping" ]; do
        CALLAHEAD_SERVER__LISTEN=127.0.0.1:${replica_ports[$1]} "$binary" serve </dev/null >>"$folder/replica$1.log" 2>&1 &
        note "replica$1" $!
        # What it died of stands in its log, or nowhere.
        { wait $! || true; } 2>/dev/null
        sleep 0.1
    done
}

start_replicas() {
    for ((n = 1; n <= replicas; n++)); do
        keep_replica "$n" &
        note "keeper$n" $!
    done
    for ((n = 1; n <= replicas; n++)); do
        until_it_does 60 answers "${replica_ports[$n]}" /readyz || fail "replica $n is not ready: $(tail -n 3 "$folder/replica$n.log")"
        echo "replica $n pid $(pid_of "replica$n") port ${replica_ports[$n]}"
    done
}

start_proxy() {
    cp "$here/deploy/haproxy.cfg" "$folder/haproxy.cfg"
    export LISTEN=127.0.0.1:$proxy_port
    for ((n = 1; n <= replicas; n++)); do export "REPLICA_$n=127.0.0.1:${replica_ports[$n]}"; done
    "${servant[@]}" "$haproxy" -db -f "$folder/haproxy.cfg" </dev/null >>"$folder/proxy.log" 2>&1 &
    note proxy $!
    until_it_does 30 answers "$proxy_port" /readyz || fail "the proxy does not answer: $(tail -n 3 "$folder/proxy.log")"
    echo "proxy pid $(pid_of proxy) port $proxy_port"
}

# -- all of it

replica_is_over() { # N
    signal TERM "replica$1"
    gone "replica$1" && gone "keeper$1"
}

stop_all() {
    trap '' EXIT TERM INT HUP
    [ -z "$waiter" ] || kill "$waiter" 2>/dev/null || true
    touch "$folder/stopping"
    for n in 1 2 3 4; do signal TERM "replica$n"; done
    # One that is just being started is asked as well. A replica finishes what is under way; what does not end is killed.
    for n in 1 2 3 4; do
        until_it_does 30 replica_is_over "$n" || true
        see_off "keeper$n"
        see_off "replica$n"
    done
    signal TERM proxy
    see_off proxy
    signal TERM telephones
    see_off telephones
    # Without waiting for those who are connected still.
    signal INT postgres
    see_off postgres
    if [ -e "$folder/goes-with-stop" ]; then rm -rf "$folder"; else rm -f "$folder/main.pid" "$folder/stopping"; fi
}

start_all() {
    echo "folder $folder"
    note main $$
    rm -f "$folder/stopping"
    trap stop_all EXIT
    trap 'exit 0' TERM INT HUP
    # Others may pass through to what is theirs, and read nothing.
    chmod 711 "$folder"
    [ -d "$folder/secrets" ] || mkdir -m 700 "$folder/secrets"
    make_secret postgres_password
    make_secret carrier_token
    cd "$folder"
    take_port 0 && proxy_port=$found
    take_port 1 && telephones_port=$found
    take_port 2 && pg_port=$found
    for ((n = 1; n <= replicas; n++)); do take_port $((n + 2)) && replica_ports[n]=$found; done
    write_environment
    start_postgres
    start_telephones
    start_replicas
    start_proxy
    echo ready
}

command=${1:-}
shift || true
folder='' replicas=2 binary='' config=$here/deploy/callahead.toml first_port='' speed=1 seed=1 faults='' taken='' waiter=''
replica_ports=()
if [ "$command" = stop ]; then
    folder=$(realpath -m "${1:?stop needs the folder that start named}")
    { read -r pid start <"$folder/main.pid"; } 2>/dev/null || fail "nothing was started in $folder, or it is stopped"
    # shellcheck disable=SC2317 # until_it_does calls it
    main_is_over() { [ "$(began "$pid")" != "$start" ]; }
    signal TERM main
    until_it_does 180 main_is_over || fail "process $pid does not end"
    # Where it had died by itself, what it had started is left.
    if [ -e "$folder/main.pid" ]; then stop_all; fi
    exit 0
fi
arguments=("$@")
while [ $# -gt 0 ]; do
    [ $# -gt 1 ] || fail "$1 needs a value"
    case $1 in
    --folder) folder=$(realpath -m "$2") ;;
    --replicas) replicas=$2 ;;
    --binary) binary=$(realpath -e "$2") ;;
    --config) config=$(realpath -e "$2") ;;
    --port) first_port=$2 ;;
    --speed) speed=$2 ;;
    --seed) seed=$2 ;;
    --faults) faults=$2 ;;
    *) fail "unknown option $1: the first lines of $0 explain" ;;
    esac
    shift 2
done
[[ $replicas == [1-4] ]] || fail "--replicas: want 1 to 4"
[[ $folder != *[\"\'\\\ ]* ]] || fail "--folder: want a path without blanks and quotes"
[ -n "$binary" ] || find_binary
find_postgres || { echo "missing postgresql" && exit 3; }
haproxy=$(PATH=$PATH:/usr/sbin:/usr/local/sbin command -v haproxy) || { echo "missing haproxy" && exit 3; }
if [ -z "$folder" ]; then
    folder=$(mktemp -d /tmp/callahead.XXXXXX)
    touch "$folder/goes-with-stop"
    arguments+=(--folder "$folder")
fi
mkdir -p "$folder"
if [ -e "$folder/main.pid" ] && ! gone main; then fail "$folder is in use: tools/replicas.sh stop $folder"; fi

case $command in
keep)
    start_all
    # Until it is told to stop.
    sleep infinity &
    waiter=$!
    wait "$waiter" || true
    ;;
run)
    start_all
    # In the background, because only `wait` hears a signal at once.
    exec 4<&0
    cat <&4 >/dev/null &
    waiter=$!
    wait "$waiter" || true
    ;;
start)
    # Not in the folder, which may go again when something does not start.
    said=$(mktemp /tmp/callahead-said.XXXXXX)
    setsid bash "$0" keep "${arguments[@]}" </dev/null >>"$said" 2>>"$folder/main.log" &
    keeper=$!
    if ! until_it_does 240 grep -qE '^(ready|failed)' "$said"; then
        echo "failed: it did not start within 240 s and is stopped; $folder/main.log says how far it came" >>"$said"
        kill -TERM "$keeper" || true
    fi
    cat "$said"
    ready=$(grep '^ready' "$said" || true)
    rm "$said"
    [ -n "$ready" ]
    ;;
*)
    sed -n '2,21s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
