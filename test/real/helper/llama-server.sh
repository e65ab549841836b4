#!/usr/bin/env bash
# Unpacks a real llama-server into a directory, from the machine's own Debian source. Nothing is installed, root is not needed.
#   llama-server.sh DIR      then run DIR/llama-server
# What goes wrong is said in the last line of stderr, and DIR is then as it was.
set -euo pipefail

fail () { echo "$*" >&2; exit 1; }
works () { "$1/llama-server" --version >/dev/null 2>&1; }

[ $# = 1 ] || fail 'usage: llama-server.sh DIR'
[ "$(uname -s)" = Linux ] || fail 'Debian packages run on Linux only'
for tool in apt-get dpkg-deb awk flock; do command -v "$tool" >/dev/null || fail "$tool is not on this machine"; done

mkdir -p "$(dirname "$1")"
dir=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")

# One at a time: who waited finds the work done.
exec 9>"$dir.lock"
flock 9
works "$dir" && exit 0
[ ! -e "$dir" ] || [ -e "$dir/llama-server" ] || fail "$1 is there, but it is not an install of this script"

new=$(mktemp -d "$dir.XXXXXX")
trap 'rm -rf "$new"' EXIT
trap 'exit 1' INT TERM HUP
chmod 755 "$new"
apt=$new/apt
mkdir -p "$apt"/sources "$apt"/lists/partial "$apt"/archives/partial
: >"$apt/status"

# llama.cpp is in sid. The first source of Debian's main archive gives mirror and key; only its suite is changed. Both styles of source files.
shopt -s nullglob
files=(/etc/apt/sources.list.d/*.sources)
[ ${#files[@]} = 0 ] || awk '
  BEGIN { RS = "" }
  {
    found = out = ""
    count = split($0, lines, "\n")
    for (i = 1; i <= count; i++) {
      line = lines[i]
      if (line ~ /^#/) continue
      if (line ~ /^Enabled:[ \t]*(no|false|0)/) next
      if (line ~ /^Types:.*[ \t]deb([ \t]|$)/ || line ~ /^Types:deb([ \t]|$)/) { found = found "t"; line = "Types: deb" }
      if (line ~ /^URIs:.*\/debian(\/|[ \t]|$)/) found = found "u"
      if (line ~ /^Components:.*main/) { found = found "c"; line = "Components: main" }
      if (line ~ /^Suites:/) line = "Suites: sid"
      out = out line "\n"
    }
    if (length(found) == 3) { printf "%s", out; exit }
  }' "${files[@]}" >"$apt/sources/sid.sources"
if [ ! -s "$apt/sources/sid.sources" ]; then
  rm -f "$apt/sources/sid.sources"
  files=(/etc/apt/sources.list /etc/apt/sources.list.d/*.list)
  [ -e "${files[0]}" ] || files=("${files[@]:1}")
  [ ${#files[@]} = 0 ] || awk '
    $1 == "deb" && / main( |$)/ {
      options = ""; i = 2
      if ($2 ~ /^\[/) do options = options $i " "; while ($(i++) !~ /\]$/ && i <= NF)
      if ($i ~ /\/debian(\/|$)/) { print "deb " options $i " sid main"; exit }
    }' "${files[@]}" >"$apt/sources/sid.list"
  [ -s "$apt/sources/sid.list" ] || fail 'no source of the Debian archive in /etc/apt'
fi

# apt with a world of its own: no list, lock or record of the machine is touched. Without a network it gives up soon.
options=(
  -qq
  -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$apt/sources"
  -o Dir::State="$apt" -o Dir::State::lists="$apt/lists" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt" -o Dir::Cache::archives="$apt/archives"
  -o APT::Sandbox::User="$(id -un)" -o APT::Update::Error-Mode=any
  -o Acquire::Languages=none -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20
)
apt-get "${options[@]}" update </dev/null >&2 || fail 'apt-get update failed'

# An empty status file makes apt name everything it needs, the C library too; what is not a library is of no use here.
packages=$(apt-get "${options[@]}" -s --no-install-recommends install llama.cpp-tools </dev/null | awk '/^Inst (llama|lib|zlib)/ { print $2 }') || packages=
[ -n "$packages" ] || fail 'the Debian source has no llama.cpp-tools for this machine'
# shellcheck disable=SC2086
(cd "$apt/archives" && apt-get "${options[@]}" download $packages </dev/null >&2) || fail 'apt-get download failed'
for package in "$apt"/archives/*.deb; do dpkg-deb -x "$package" "$new/root" || fail "$(basename "$package") cannot be unpacked"; done
rm -rf "$apt" "$new/root/usr/share" "$new/root/usr/lib/"*/gconv

loader=$(find "$new/root/usr/lib" -name 'ld-linux*.so.*' | head -n 1)
[ -n "$loader" ] || fail 'the unpacked C library has no loader'
# One backend, chosen here: to load them all and let ggml choose takes 100 ms at every start.
lib=$(dirname "$loader")
backend=
grep -qw avx2 /proc/cpuinfo && grep -qw fma /proc/cpuinfo && backend=$(find "$lib/ggml" -name 'libggml-cpu-haswell.so' | head -n 1)
[ -n "$backend" ] || backend=$(find "$lib/ggml" -name 'libggml-cpu-x64.so' | head -n 1)
[ -n "$backend" ] || backend=$(find "$lib/ggml" -name 'libggml-cpu*.so' | sort | head -n 1)
[ -n "$backend" ] || fail 'the unpacked ggml has no CPU backend'

cat >"$new/llama-server" <<WRAPPER
#!/bin/sh
root=\${0%/*}/root
lib=\$root/${lib#"$new/root/"}
export GGML_BACKEND_PATH="\$root/${backend#"$new/root/"}"
exec "\$lib/${loader##*/}" --library-path "\$lib:\$lib/llama" "\$root/usr/bin/llama-server" "\$@"
WRAPPER
chmod +x "$new/llama-server"
works "$new" || fail "the unpacked llama-server does not run: $("$new/llama-server" --version 2>&1 | head -n 1)"

# An old one that no longer works goes; the new one comes whole.
rm -rf "$dir"
mv "$new" "$dir"
"$dir/llama-server" --version 2>&1 | grep version
