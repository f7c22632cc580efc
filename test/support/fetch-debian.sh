#!/usr/bin/env bash
# Unpacks programs of a Debian suite, with their libraries, into one folder: no root, no change to the host. Packages come from
# the Debian mirror of this machine's apt, and are checked with Debian's keys.
#   fetch-debian.sh FOLDER 'SUITE [NEXT SUITE]' PACKAGE ...
set -euo pipefail
folder=$1
# A package may leave a suite now and then; then the next one is tried.
read -ra suites <<<"$2"
packages=("${@:3}")
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

[ -f "$folder/.complete" ] && exit 0
mkdir -p "$(dirname "$folder")"
exec 9>"$folder.lock"
flock 9
[ -f "$folder/.complete" ] && exit 0

mirror=$(apt-get indextargets --format '$(SITE) $(CODENAME)' 'Created-By: Packages' |
  awk '$1 ~ /\/debian\/?$/ && $2 !~ /-(security|updates|backports)$/ { print $1; exit }')
if [ -z "$mirror" ]; then
  # Where apt has fetched no lists yet.
  mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} 2>/dev/null |
    sed -nE 's/^(URIs:|deb )[^h]*(https?:[^ ]*\/debian)\/?( .*)?$/\2/p' | head -1 || true)
fi
[ -n "$mirror" ] || { echo 'no Debian mirror is known to apt here' >&2; exit 1; }

work=$folder.tmp
rm -rf "$work"
mkdir -p "$work"/lists/partial "$work"/archives/partial "$work"/root/usr/{bin,sbin,lib,lib64}
trap 'rm -rf "$work"' EXIT
: >"$work/status"

# A separate apt without installed packages, so that it downloads all dependencies.
private_apt() {
  apt-get -q -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
    -o Dir::State::lists="$work/lists" -o Dir::State::status="$work/status" \
    -o Dir::State::extended_states="$work/extended" -o Dir::Cache::archives="$work/archives" \
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o Debug::NoLocking=1 -o APT::Sandbox::User= \
    -o APT::Install-Recommends=0 -o Acquire::Languages=none -o Acquire::Retries=3 \
    -o APT::Update::Post-Invoke-Success::= "$@"
}

fetch() {
  echo "deb [signed-by=$keyring] $mirror $1 main" >"$work/sources.list"
  rm -rf "$work/lists"
  mkdir -p "$work/lists/partial"
  private_apt update >"$work/log" 2>&1 &&
    private_apt -y --download-only install "${packages[@]}" >>"$work/log" 2>&1
}
fetched=
for suite in "${suites[@]}"; do
  if fetch "$suite"; then
    fetched=$suite
    break
  fi
  tail -3 "$work/log" >&2
done
[ -n "$fetched" ] || exit 1

is_asked_for() {
  local package
  for package in "${packages[@]}"; do [[ $1 == "$package"* ]] && return; done
  return 1
}
for name in bin sbin lib lib64; do ln -s "usr/$name" "$work/root/$name"; done
for package in "$work"/archives/*.deb; do
  name=${package##*/}
  # The programs and their libraries; what else they depend on is never run.
  case $name in
    libperl* | libc-gconv* | libpam-* | libsemanage* | libdebconf*) continue ;;
    lib* | zlib* | openssl-provider*) ;;
    *) is_asked_for "$name" || continue ;;
  esac
  dpkg-deb --fsys-tarfile "$package" | tar -C "$work/root" -x --keep-directory-symlink --no-same-owner \
    --exclude='./usr/share/doc' --exclude='./usr/share/man' --exclude='./usr/share/locale' \
    --exclude='./usr/lib/*/gconv' --exclude='./etc/asterisk'
done
touch "$work/root/.complete"
rm -rf "$folder"
mv "$work/root" "$folder"
