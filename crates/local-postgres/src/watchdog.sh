# The server's folder is $1; other arguments are folders that go with it, such as that of its sockets.
# Standard input ends when the program that started the server is gone.
read -r word
[ "$word" = dismissed ] && exit

pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)

# The file may be stale, and its process id may belong to somebody else by now.
is_our_server() {
    [ -n "$pid" ] || return 1
    if [ -r "/proc/$pid/cmdline" ]; then
        tr '\0' ' ' <"/proc/$pid/cmdline"
    else
        ps -o args= -p "$pid"
    fi 2>/dev/null | grep -qF -- "$1/data"
}

is_our_server && kill -QUIT "$pid"
attempts=100
while is_our_server && [ "$attempts" -gt 0 ]; do
    attempts=$((attempts - 1))
    sleep 0.1
done
is_our_server && kill -KILL "$pid"

# `initdb`, if we died while it ran, may still be making files.
attempts=10
while ! rm -rf -- "$@" && [ "$attempts" -gt 0 ]; do
    attempts=$((attempts - 1))
    sleep 0.5
done
