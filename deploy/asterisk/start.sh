#!/usr/bin/env bash
# The container's entry point: writes the configuration and starts Asterisk. It reports all missing or weak settings at
# once, by name and never by value. The first four variables come from docker-compose.yml. The others are for the tests,
# which run this script on a shared machine.
set -euo pipefail
export LC_ALL=C
umask 077

: "${ASTERISK_PASSWORD=}" "${DEMO_PHONE_1_PASSWORD=}" "${DEMO_PHONE_2_PASSWORD=}" "${ASTERISK_EXTERNAL_ADDRESS=}"
: "${FOLDER:=/tmp/asterisk}" "${KEPT:=/var/lib/ringback-asterisk}" "${ROOT=}" "${OTHER_TEMPLATES=}"
: "${ADDRESS:=0.0.0.0}" "${SIP_PORT:=5060}" "${ARI_PORT:=8088}" "${RTP_FIRST:=10000}" "${RTP_LAST:=10019}"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

problems=()
for name in ASTERISK_PASSWORD DEMO_PHONE_1_PASSWORD DEMO_PHONE_2_PASSWORD; do
  # Other characters are not allowed, because some are special in Asterisk's files.
  [[ ${!name} =~ ^[A-Za-z0-9_-]{16,}$ ]] ||
    problems+=("$name: expected at least 16 letters, digits, - or _, as from: openssl rand -hex 12")
done
[[ $ASTERISK_EXTERNAL_ADDRESS =~ ^[A-Za-z0-9.-]+$ ]] ||
  problems+=('ASTERISK_EXTERNAL_ADDRESS: expected the address at which phones reach this host, such as 192.168.1.20')
if [ ${#problems[@]} -gt 0 ]; then
  printf 'Asterisk is not started; set in .env:\n' >&2
  printf '  %s\n' "${problems[@]}" >&2
  exit 1
fi

mkdir -p "$FOLDER/etc" "$KEPT"/{cdr-csv,monitor,recording}
for template in "$here"/etc/* ${OTHER_TEMPLATES:+"$OTHER_TEMPLATES"/*}; do
  sed -e "s|@FOLDER@|$FOLDER|g; s|@KEPT@|$KEPT|g; s|@ROOT@|$ROOT|g; s|@DIALPLAN@|$here/ringback.conf|g" \
    -e "s|@MODULES@|$(echo "$ROOT"/usr/lib/*/asterisk/modules)|g" \
    -e "s|@ADDRESS@|$ADDRESS|g; s|@SIP_PORT@|$SIP_PORT|g; s|@ARI_PORT@|$ARI_PORT|g" \
    -e "s|@RTP_FIRST@|$RTP_FIRST|g; s|@RTP_LAST@|$RTP_LAST|g; s|@EXTERNAL_ADDRESS@|$ASTERISK_EXTERNAL_ADDRESS|g" \
    -e "s|@ARI_PASSWORD@|$ASTERISK_PASSWORD|g" \
    -e "s|@PHONE_1_PASSWORD@|$DEMO_PHONE_1_PASSWORD|g; s|@PHONE_2_PASSWORD@|$DEMO_PHONE_2_PASSWORD|g" \
    "$template" >"$FOLDER/etc/${template##*/}"
done
# Asterisk logs an error if one of these files is missing.
touch "$FOLDER"/etc/{acl,ccss,cel,features,manager,pjproject,stasis,udptl,websocket_client}.conf
unset ASTERISK_PASSWORD DEMO_PHONE_1_PASSWORD DEMO_PHONE_2_PASSWORD

exec asterisk -f -C "$FOLDER/etc/asterisk.conf"
