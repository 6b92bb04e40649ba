# The folder of the programs is $1. Standard input names their process ids, and ends when the program that started them is gone.
pids=
while read -r word; do
    [ "$word" = dismissed ] && exit
    pids="$pids $word"
done

# An id may belong to somebody else by now: ours work in the folder, which may have been removed under them.
is_ours() {
    case $(readlink "/proc/$1/cwd") in
    "$folder" | "$folder (deleted)") ;;
    *) return 1 ;;
    esac
}
any_is_ours() {
    for pid in $pids; do is_ours "$pid" && return; done
    return 1
}
stop() {
    for pid in $pids; do is_ours "$pid" && kill "-$1" "$pid"; done
}

folder=$1
stop TERM
attempts=100
while any_is_ours && [ "$attempts" -gt 0 ]; do
    attempts=$((attempts - 1))
    sleep 0.1
done
stop KILL
rm -rf -- "$folder"
